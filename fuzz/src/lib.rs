//! What is attacked: one function from bytes for each parser that faces outside.
//!
//! A target must not panic, overflow, hang or eat memory, whatever the bytes; where the parser has an inverse or
//! a promise, the target holds it to that as well. Its seeds are the files of `fuzz/seeds/<name>/`, where inputs that
//! once broke it stay for ever, and the shipped files named with it. A new target is a line in [`TARGETS`] and a
//! folder of seeds.

mod app;
mod domain;
mod doors;
mod geo;

/// A parser under attack.
#[derive(Clone, Copy)]
pub struct Target {
    /// Also the name of its folder of seeds.
    pub name: &'static str,
    /// Folders of shipped files, from the root, that are seeds too.
    pub shipped: &'static [&'static str],
    pub run: fn(&[u8]),
}

pub const TARGETS: [Target; 11] = [
    Target { name: "areas", shipped: &["data/areas"], run: domain::areas },
    Target { name: "calendar", shipped: &["data/calendars"], run: domain::calendar },
    Target { name: "cases", shipped: &[], run: app::cases },
    Target { name: "catalogue", shipped: &["data/catalogue"], run: domain::catalogue },
    Target { name: "codes", shipped: &[], run: domain::codes },
    Target { name: "doors", shipped: &[], run: doors::doors },
    Target { name: "geojson", shipped: &[], run: geo::geojson },
    Target { name: "mapping", shipped: &[], run: app::mapping },
    Target { name: "photo", shipped: &["crates/app/tests/photos"], run: app::photo },
    Target { name: "policy", shipped: &["data/policy"], run: domain::policy },
    Target { name: "units", shipped: &["data/units"], run: domain::units },
];

pub fn target(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}

/// The bytes as text, as a file or a body would be read; nothing when they are none.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}
