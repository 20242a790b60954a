//! Dividing a town's cells into parts that hang together: counties, streets, communities.
//!
//! Knows rows and columns, not shapes or names.

use crate::dice::Dice;
use std::collections::{BTreeMap, BTreeSet};

/// Where a cell lies: row, column. Cells whose rows or columns differ by one are neighbours.
pub type At = (u32, u32);

/// Divides cells that hang together into `parts` (at least one, at most as many as cells) that each hang together and
/// are about of one size. Cuts run across the longer side, each a little turned.
pub fn divide(cells: &[At], parts: usize, dice: &mut Dice) -> Vec<Vec<At>> {
    if parts <= 1 || cells.len() <= 1 {
        return vec![cells.to_vec()];
    }
    let first = parts / 2;
    let wanted = (cells.len() * first / parts).clamp(first, cells.len() - (parts - first));
    let (one, other) = cut(cells, wanted, dice);
    if one.len() < first || other.len() < parts - first {
        return divide_by_walk(cells, parts);
    }
    let mut divided = divide(&one, first, dice);
    divided.extend(divide(&other, parts - first, dice));
    divided
}

fn cut(cells: &[At], wanted: usize, dice: &mut Dice) -> (Vec<At>, Vec<At>) {
    let span = |of: fn(&At) -> u32| {
        let (low, high) = cells.iter().map(of).fold((u32::MAX, 0), |(low, high), at| (low.min(at), high.max(at)));
        high.saturating_sub(low)
    };
    let turned = 0.5 * (dice.unit() - 0.5);
    let angle = if span(|at| at.0) > span(|at| at.1) { std::f64::consts::FRAC_PI_2 } else { 0.0 } + turned;
    let along = |at: &At| f64::from(at.1) * angle.cos() + f64::from(at.0) * angle.sin();
    let mut ordered = cells.to_vec();
    ordered.sort_by(|a, b| along(a).total_cmp(&along(b)).then_with(|| a.cmp(b)));
    let other = ordered.split_off(wanted.min(ordered.len()));
    // What the cut tore off goes to the other side, where it must hang on to something: the whole hangs together.
    let (one, torn) = largest(ordered);
    let (other, torn_back) = largest(other.into_iter().chain(torn).collect());
    (one.into_iter().chain(torn_back).collect(), other)
}

/// The largest piece that hangs together, and the rest.
fn largest(cells: Vec<At>) -> (Vec<At>, Vec<At>) {
    let pieces = pieces(&cells);
    let most = pieces.iter().max_by_key(|piece| piece.len()).and_then(|piece| piece.first().copied());
    let (kept, torn): (Vec<Vec<At>>, Vec<Vec<At>>) =
        pieces.into_iter().partition(|piece| piece.first().copied() == most);
    (kept.into_iter().flatten().collect(), torn.into_iter().flatten().collect())
}

/// The pieces that hang together, each in the order of a walk.
pub fn pieces(cells: &[At]) -> Vec<Vec<At>> {
    let mut left: BTreeSet<At> = cells.iter().copied().collect();
    let mut pieces = Vec::new();
    while let Some(start) = left.pop_first() {
        let mut piece = vec![start];
        let mut next = 0;
        while let Some(&(row, column)) = piece.get(next) {
            next += 1;
            let beside = [
                (row.wrapping_sub(1), column),
                (row, column.wrapping_sub(1)),
                (row, column.wrapping_add(1)),
                (row.wrapping_add(1), column),
            ];
            piece.extend(beside.into_iter().filter(|at| left.remove(at)));
        }
        pieces.push(piece);
    }
    pieces
}

/// For parts so small that no cut fits: grows each from a seed of its own.
fn divide_by_walk(cells: &[At], parts: usize) -> Vec<Vec<At>> {
    let walk: Vec<At> = pieces(cells).into_iter().flatten().collect();
    let step = (walk.len() / parts).max(1);
    let mut owner: BTreeMap<At, usize> = BTreeMap::new();
    let mut front: Vec<(usize, At)> =
        (0..parts).filter_map(|part| walk.get(part * step).map(|at| (part, *at))).collect();
    owner.extend(front.iter().map(|(part, at)| (*at, *part)));
    while !front.is_empty() {
        let mut reached = Vec::new();
        for (part, (row, column)) in front {
            let beside = [
                (row.wrapping_sub(1), column),
                (row, column.wrapping_sub(1)),
                (row, column.wrapping_add(1)),
                (row.wrapping_add(1), column),
            ];
            for at in beside {
                if cells.contains(&at) && !owner.contains_key(&at) {
                    owner.insert(at, part);
                    reached.push((part, at));
                }
            }
        }
        front = reached;
    }
    let mut divided = vec![Vec::new(); parts];
    for (at, part) in owner {
        if let Some(part) = divided.get_mut(part) {
            part.push(at);
        }
    }
    divided
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_part_hangs_together_and_no_cell_is_lost(
            rows in 4_u32..20, columns in 4_u32..20, parts in 1_usize..8, bite in 0_u32..4, seed: u64,
        ) {
            let cells: Vec<At> = (0..rows)
                .flat_map(|row| (0..columns).map(move |column| (row, column)))
                .filter(|(row, column)| *row >= bite || *column >= bite)
                .collect();
            let divided = divide(&cells, parts, &mut Dice::new(seed, &[]));
            prop_assert_eq!(divided.len(), parts);
            let mut all: Vec<At> = divided.iter().flatten().copied().collect();
            all.sort();
            prop_assert_eq!(&all, &cells);
            for part in &divided {
                prop_assert_eq!(pieces(part).len(), 1);
            }
        }

        #[test]
        fn parts_are_of_about_one_size(seed: u64) {
            let cells: Vec<At> = (0..40).flat_map(|row| (0..40).map(move |column| (row, column))).collect();
            let divided = divide(&cells, 12, &mut Dice::new(seed, &[]));
            for part in &divided {
                prop_assert!((90..180).contains(&part.len()), "{}", part.len());
            }
        }
    }
}
