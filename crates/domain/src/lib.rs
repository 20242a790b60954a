//! The city's rules, pure: no I/O, no clock, no randomness, no environment.
//!
//! Start at [`city::City`] (everything a city publishes as data) and at
//! [`case::Case`] (what a report becomes). Time is always a parameter.

pub mod area;
pub mod calendar;
pub mod case;
pub mod catalogue;
pub mod city;
pub mod fault;
pub mod ids;
pub mod people;
pub mod policy;
pub mod record;
pub mod sla;
pub mod table;
pub mod unit;
