//! The binary: wires every room.

fn main() {}
