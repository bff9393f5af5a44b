// SPDX-License-Identifier: GPL-2.0-only
//
// What the articles do in Rust instead, as a peer; built for release.
//
// usage: articles count PREFIX FILE | sum FILE | fib N
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::time::Instant;

fn count(prefix: &str, path: &str) -> u64 {
    let file = File::open(path).unwrap();
    let mut lines = 0;
    for line in BufReader::new(file).lines() {
        if line.unwrap().starts_with(prefix) {
            lines += 1;
        }
    }
    lines
}

fn sum(path: &str) -> i64 {
    let mut bytes = Vec::new();
    File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    let values: Vec<i64> = bytes.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap())).collect();
    values.iter().fold(0i64, |a, b| a.wrapping_add(*b))
}

fn fib(n: usize) -> Vec<u64> {
    let mut values = vec![0u64, 1];
    for i in 2..n {
        values.push(values[i - 1].wrapping_add(values[i - 2]));
    }
    values
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let start = Instant::now();
    match args[1].as_str() {
        "count" => println!("{} {:.9}", count(&args[2], &args[3]), start.elapsed().as_secs_f64()),
        "sum" => println!("{} {:.9}", sum(&args[2]), start.elapsed().as_secs_f64()),
        "fib" => {
            let values = fib(args[2].parse().unwrap());
            let took = start.elapsed().as_secs_f64();
            let check = values.iter().enumerate().fold(0u64, |a, (i, v)| a.wrapping_add(v ^ i as u64));
            println!("{} {:.9}", check, took);
        }
        _ => std::process::exit(2),
    }
}
