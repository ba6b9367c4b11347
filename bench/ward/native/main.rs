//! Native Ward, ours and kodama's, timed on request. `npm run bench:ward` builds it and talks to it; see bench/ward/runner.mjs for
//! the requests and answers, one line of JSON each.

#[path = "kodama/tree.rs"]
mod kodama_tree;

use cpu_time::ProcessTime;
use pocketsage::{Vectors, ward};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

/// From n x dim vectors to the squared heights of the tree, ascending.
type Contestant = fn(&[f32], usize) -> Result<Vec<f64>, Box<dyn Error>>;

const CONTESTANTS: [(&str, Contestant); 2] = [("ours-native", ours), ("kodama", kodama)];

fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let answer = run(&serde_json::from_str(&line?)?)
            .unwrap_or_else(|why| json!({ "error": why.to_string() }));
        writeln!(std::io::stdout(), "{answer}")?;
    }
    Ok(())
}

fn run(request: &Value) -> Result<Value, Box<dyn Error>> {
    let word = |key: &str| request[key].as_str().ok_or(format!("{key} is missing in {request}"));
    let number = |key: &str| request[key].as_u64().ok_or(format!("{key} is missing in {request}"));
    let name = word("contestant")?;
    let (_, contestant) = CONTESTANTS
        .iter()
        .find(|known| known.0 == name)
        .ok_or(format!("unknown contestant: {name}"))?;
    let bytes = std::fs::read(word("path")?)?;
    let vectors: Vec<f32> =
        bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
    drop(bytes);
    let dim = usize::try_from(number("dim")?)?;

    let before = resident("VmRSS");
    let (mut wall, mut cpu, mut heights) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..number("calls")? {
        let (begun, on_cpu) = (Instant::now(), ProcessTime::now());
        heights = contestant(&vectors, dim)?;
        cpu.push(on_cpu.elapsed().as_secs_f64() * 1e3);
        wall.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let memory = resident("VmHWM").zip(before).map(|(peak, before)| peak.saturating_sub(before));
    let heights = (request["heights"] == true).then_some(heights);
    Ok(json!({ "wall": wall, "cpu": cpu, "memory": memory, "heights": heights }))
}

fn ours(vectors: &[f32], dim: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let tree = ward(Vectors::new(vectors, dim)?, None)?;
    Ok(tree.merges().iter().map(|merge| merge.height).collect())
}

fn kodama(vectors: &[f32], dim: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    Ok(kodama_tree::heights(vectors, dim)
        .into_iter()
        .map(|height| f64::from(height).powi(2))
        .collect())
}

/// A line of /proc/self/status in bytes: `VmRSS` now, `VmHWM` the most so far. `None` where there is no such file.
fn resident(line: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))?;
    Some(found.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
