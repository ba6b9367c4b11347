/**
 * EASE (Steck 2019): the linear model that predicts each item of a history from the others, in
 * closed form. With the Gram matrix G = X'X + l2 I of the users' items and P = G^-1, the weight of
 * item i for item j is -P[i][j] / P[j][j].
 */

/** Maximum number of items of the model: those with the most users. 128 MiB, about a minute. */
const MAX_EASE_ITEMS = 4096;
/** Rows, or right-hand sides, that share one pass over a row of the factor. */
const BLOCK = 4;

/** A trained model. Its items are positions in `rows`. */
export interface Ease {
  /** The rows of the items that the model covers. */
  readonly rows: Int32Array;
  /** The predicted value of each item of `rows` for a user who acted on these rows. O(n^2). */
  predict(history: Iterable<number>): Float64Array;
}

/**
 * Trains the model on the pairs (user, row). The pairs of a user are adjacent; a repeated pair
 * counts once. Of equal numbers of users, the lower row is covered first. O(n^3) for n items.
 */
export function trainEase(
  { user, row }: { readonly user: Int32Array; readonly row: Int32Array },
  rowCount: number,
  l2: number,
  onShare: (share: number) => void,
): Ease {
  const baskets = basketsOf(user, row);
  const users = new Uint32Array(rowCount);
  for (const basket of baskets) for (const item of basket) users[item]! += 1;
  const rows = Int32Array.from(users.keys())
    .filter((item) => users[item]! > 0)
    .sort((a, b) => users[b]! - users[a]! || a - b)
    .subarray(0, MAX_EASE_ITEMS);
  const positionOf = new Int32Array(rowCount).fill(-1);
  for (const [position, item] of rows.entries()) positionOf[item] = position;
  const factor = gramMatrix(baskets, positionOf, rows.length, l2);
  factorise(factor, rows.length, (share) => onShare(share / 2));
  const diagonal = inverseDiagonal(factor, rows.length, (share) => onShare((1 + share) / 2));
  return {
    rows,
    predict(history) {
      const values = new Float64Array(rows.length);
      for (const item of history) if (positionOf[item]! >= 0) values[positionOf[item]!] = 1;
      solve(factor, values);
      return values.map((value, position) => -value / diagonal[position]!);
    },
  };
}

/** The different rows of each user. */
function basketsOf(user: Int32Array, row: Int32Array): Int32Array[] {
  const baskets: Int32Array[] = [];
  for (let begin = 0; begin < row.length; ) {
    let end = begin;
    while (end < row.length && user[end] === user[begin]) end += 1;
    baskets.push(Int32Array.from(new Set(row.subarray(begin, end))));
    begin = end;
  }
  return baskets;
}

/** The lower triangle of X'X + l2 I, row-major n x n. */
function gramMatrix(
  baskets: readonly Int32Array[],
  positionOf: Int32Array,
  n: number,
  l2: number,
): Float64Array {
  const gram = new Float64Array(n * n);
  for (const basket of baskets) {
    const items = basket.map((item) => positionOf[item]!).filter((position) => position >= 0);
    for (const a of items) for (const b of items) if (b <= a) gram[a * n + b]! += 1;
  }
  for (let item = 0; item < n; item += 1) gram[item * n + item]! += l2;
  return gram;
}

/** The Cholesky factor of a positive definite matrix, given and returned as lower triangle. */
function factorise(matrix: Float64Array, n: number, onShare: (share: number) => void): void {
  for (let first = 0; first < n; first += BLOCK) {
    const last = Math.min(first + BLOCK, n);
    for (let column = 0; column < first; column += 1) eliminate(matrix, n, first, last, column);
    for (let row = first; row < last; row += 1) {
      for (let column = first; column < row; column += 1)
        eliminate(matrix, n, row, row + 1, column);
      let pivot = matrix[row * n + row]!;
      for (let k = 0; k < row; k += 1) pivot -= matrix[row * n + k]! ** 2;
      matrix[row * n + row] = Math.sqrt(pivot);
    }
    onShare((last / n) ** 3); // of the operations
  }
}

/** Completes one column of the rows from `first` to `last`, at most BLOCK. */
function eliminate(
  matrix: Float64Array,
  n: number,
  first: number,
  last: number,
  column: number,
): void {
  const a = first * n;
  const pivot = column * n;
  if (last - first === BLOCK) {
    const b = a + n;
    const c = a + 2 * n;
    const d = a + 3 * n;
    let sumA = 0;
    let sumB = 0;
    let sumC = 0;
    let sumD = 0;
    for (let k = 0; k < column; k += 1) {
      const value = matrix[pivot + k]!;
      sumA += value * matrix[a + k]!;
      sumB += value * matrix[b + k]!;
      sumC += value * matrix[c + k]!;
      sumD += value * matrix[d + k]!;
    }
    const scale = matrix[pivot + column]!;
    matrix[a + column] = (matrix[a + column]! - sumA) / scale;
    matrix[b + column] = (matrix[b + column]! - sumB) / scale;
    matrix[c + column] = (matrix[c + column]! - sumC) / scale;
    matrix[d + column] = (matrix[d + column]! - sumD) / scale;
    return;
  }
  for (let row = a; row < last * n; row += n) {
    let sum = 0;
    for (let k = 0; k < column; k += 1) sum += matrix[pivot + k]! * matrix[row + k]!;
    matrix[row + column] = (matrix[row + column]! - sum) / matrix[pivot + column]!;
  }
}

/**
 * The diagonal of the inverse of the factorised matrix: the squared lengths of the columns of the
 * inverse factor.
 */
function inverseDiagonal(
  factor: Float64Array,
  n: number,
  onShare: (share: number) => void,
): Float64Array {
  const diagonal = new Float64Array(n);
  const columns = new Float64Array(n * BLOCK);
  for (let first = 0; first < n; first += BLOCK) {
    // Columns first to first + 3 of the inverse factor, by forward substitution of unit vectors.
    columns.fill(0);
    for (let row = first; row < n; row += 1) {
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let k = first; k < row; k += 1) {
        const value = factor[row * n + k]!;
        a -= value * columns[k * BLOCK]!;
        b -= value * columns[k * BLOCK + 1]!;
        c -= value * columns[k * BLOCK + 2]!;
        d -= value * columns[k * BLOCK + 3]!;
      }
      const sums = [a, b, c, d];
      const pivot = factor[row * n + row]!;
      for (let column = 0; column < BLOCK; column += 1) {
        const value = (sums[column]! + (row === first + column ? 1 : 0)) / pivot;
        columns[row * BLOCK + column] = value;
        if (first + column < n) diagonal[first + column]! += value * value;
      }
    }
    onShare(1 - Math.max(0, 1 - (first + BLOCK) / n) ** 3); // of the operations
  }
  return diagonal;
}

/** Replaces b by the solution x of L L' x = b, for the factor L. */
function solve(factor: Float64Array, b: Float64Array): void {
  const n = b.length;
  for (let row = 0; row < n; row += 1) {
    let sum = b[row]!;
    for (let k = 0; k < row; k += 1) sum -= factor[row * n + k]! * b[k]!;
    b[row] = sum / factor[row * n + row]!;
  }
  for (let row = n - 1; row >= 0; row -= 1) {
    b[row]! /= factor[row * n + row]!;
    const value = b[row]!;
    for (let k = 0; k < row; k += 1) b[k]! -= factor[row * n + k]! * value;
  }
}
