;; The XOR of selected cells, 16 bytes at a time. scripts/xor-kernel.mjs assembles this file.
;; xor(cells, cellBytes, count, bits, out): for each of `count` cells at `cells`, of `cellBytes`
;; bytes (a multiple of 16) each, whose bit at `bits` is set: out ^= cell. Pairs of cells are
;; combined before `out` is read and written, which halves that traffic.
(module
  (memory (export "memory") 1)
  (func (export "xor")
    (param $cells i32) (param $cellBytes i32) (param $count i32) (param $bits i32) (param $out i32)
    (local $cell i32) (local $held i32) (local $next i32) (local $offset i32)
    (local.set $held (i32.const -1))
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $cell) (local.get $count)))
        (if
          (i32.and
            (i32.shr_u
              (i32.load8_u
                (i32.add (local.get $bits) (i32.shr_u (local.get $cell) (i32.const 3))))
              (i32.and (local.get $cell) (i32.const 7)))
            (i32.const 1))
          (then
            (local.set $next
              (i32.add (local.get $cells) (i32.mul (local.get $cell) (local.get $cellBytes))))
            (if (i32.eq (local.get $held) (i32.const -1))
              (then (local.set $held (local.get $next)))
              (else
                (local.set $offset (i32.const 0))
                (loop $pair
                  (v128.store (i32.add (local.get $out) (local.get $offset))
                    (v128.xor
                      (v128.load (i32.add (local.get $out) (local.get $offset)))
                      (v128.xor
                        (v128.load (i32.add (local.get $held) (local.get $offset)))
                        (v128.load (i32.add (local.get $next) (local.get $offset))))))
                  (local.set $offset (i32.add (local.get $offset) (i32.const 16)))
                  (br_if $pair (i32.lt_u (local.get $offset) (local.get $cellBytes))))
                (local.set $held (i32.const -1))))))
        (local.set $cell (i32.add (local.get $cell) (i32.const 1)))
        (br $each)))
    (if (i32.ne (local.get $held) (i32.const -1))
      (then
        (local.set $offset (i32.const 0))
        (loop $single
          (v128.store (i32.add (local.get $out) (local.get $offset))
            (v128.xor
              (v128.load (i32.add (local.get $out) (local.get $offset)))
              (v128.load (i32.add (local.get $held) (local.get $offset)))))
          (local.set $offset (i32.add (local.get $offset) (i32.const 16)))
          (br_if $single (i32.lt_u (local.get $offset) (local.get $cellBytes)))))))
)
