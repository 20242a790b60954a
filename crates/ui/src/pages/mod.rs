//! One file a page, named after its resource; the template beside it has the same name.

pub mod account;
pub mod areas;
pub mod audit;
pub mod case;
pub mod cases;
pub mod data;
pub mod home;
pub mod inbox;
pub mod intake;
pub mod patrol;
pub mod people;
pub mod pick;
pub mod report;
pub mod sign_in;
pub mod status;
pub mod totp;
