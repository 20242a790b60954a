//! The rules of a case, as tables and as properties over every policy that can be written.

mod policies;
mod stories;
mod town;
