//! Native contestants of `npm run bench:ward`: PocketSage and kodama, timed on request.
//! bench/ward/runner.mjs documents the protocol: one line of JSON per request and reply.

#[path = "kodama/heights.rs"]
mod kodama_heights;

use cpu_time::ProcessTime;
use pocketsage::{Vectors, ward};
use serde_json::{Value, json};
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

/// From row-major n x dim vectors to the n - 1 squared heights, ascending.
type Contestant = fn(&[f32], usize) -> Result<Vec<f64>, Box<dyn Error>>;

const CONTESTANTS: [(&str, Contestant); 2] = [("ours-native", pocketsage), ("kodama", kodama)];

const IDLE: Duration = Duration::from_millis(20);
const SWEPT_VALUES: usize = (32 << 20) / size_of::<f64>();

fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let reply = serve(&serde_json::from_str(&line?)?)
            .unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(std::io::stdout(), "{reply}")?;
    }
    Ok(())
}

fn serve(request: &Value) -> Result<Value, Box<dyn Error>> {
    let text = |key: &str| request[key].as_str().ok_or(format!("{key} is missing in {request}"));
    let integer = |key: &str| request[key].as_u64().ok_or(format!("{key} is missing in {request}"));
    let name = text("contestant")?;
    let (_, contestant) = CONTESTANTS
        .iter()
        .find(|known| known.0 == name)
        .ok_or(format!("unknown contestant: {name}"))?;
    let bytes = std::fs::read(text("path")?)?;
    let vectors: Vec<f32> =
        bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
    drop(bytes);
    let dim = usize::try_from(integer("dim")?)?;

    let other_memory = (request["isolated"] == true).then(|| vec![1.0; SWEPT_VALUES]);
    let before = resident_bytes("VmRSS");
    let (mut wall, mut cpu, mut heights) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..integer("calls")? {
        if let Some(memory) = &other_memory {
            isolate_next_call(memory);
        }
        let (wall_start, cpu_start) = (Instant::now(), ProcessTime::now());
        heights = contestant(&vectors, dim)?;
        cpu.push(cpu_start.elapsed().as_secs_f64() * 1e3);
        wall.push(wall_start.elapsed().as_secs_f64() * 1e3);
    }
    let peak = resident_bytes("VmHWM");
    let memory = peak.zip(before).map(|(peak, before)| peak.saturating_sub(before));
    let heights = (request["heights"] == true).then_some(heights);
    Ok(json!({ "wall": wall, "cpu": cpu, "memory": memory, "heights": heights }))
}

/// isolateNextCall() of bench/timing.mjs.
fn isolate_next_call(other_memory: &[f64]) {
    std::thread::sleep(IDLE);
    black_box(other_memory.iter().sum::<f64>());
    black_box((Instant::now(), ProcessTime::now()));
}

fn pocketsage(vectors: &[f32], dim: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let tree = ward(Vectors::new(vectors, dim)?, None)?;
    Ok(tree.merges().iter().map(|merge| merge.height).collect())
}

fn kodama(vectors: &[f32], dim: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let heights = kodama_heights::heights(vectors, dim);
    Ok(heights.into_iter().map(|height| f64::from(height).powi(2)).collect())
}

/// `VmRSS` (now) or `VmHWM` (peak) from /proc/self/status; `None` on systems without that file.
fn resident_bytes(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let value = status.lines().find_map(|text| text.strip_prefix(field)?.strip_prefix(':'))?;
    Some(value.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
