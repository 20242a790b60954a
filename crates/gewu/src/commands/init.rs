//! `gewu init`: keys, and what Gewu ships for every city.

use crate::{args::Place, commands::told, wiring};
use anyhow::Result;
use gewu_app::{
    Caller, Settings,
    city::{Draft, Kind, Publishing},
};

/// The files that come with Gewu: kinds of unit, both Chinese numberings, calendars, the default policy.
pub const SHIPPED: [(Kind, &str, &str); 6] = [
    (Kind::UnitKinds, "data/units/kinds.csv", include_str!("../../../../data/units/kinds.csv")),
    (Kind::Catalogue, "data/catalogue/gbt30428.csv", include_str!("../../../../data/catalogue/gbt30428.csv")),
    (Kind::Catalogue, "data/catalogue/cjt214.csv", include_str!("../../../../data/catalogue/cjt214.csv")),
    (Kind::Calendar, "data/calendars/cn.toml", include_str!("../../../../data/calendars/cn.toml")),
    (Kind::Calendar, "data/calendars/us-nyc.toml", include_str!("../../../../data/calendars/us-nyc.toml")),
    (Kind::Policy, "data/policy/default.toml", include_str!("../../../../data/policy/default.toml")),
];

/// The shipped files as drafts.
pub fn shipped() -> Vec<Draft> {
    SHIPPED
        .into_iter()
        .map(|(kind, file, text)| Draft { kind, file: file.to_owned(), text: text.to_owned(), datum: None })
        .collect()
}

pub async fn run(place: &Place) -> Result<()> {
    wiring::prepare(place).await?;
    let app = wiring::open(place, Settings::default()).await?;
    let published = app.publish(&Caller::system(), None, shipped(), Publishing::default()).await.map_err(told)?;
    for one in published.iter().filter(|one| !one.is_unchanged) {
        println!("已发布 published: {} {} v{}", one.kind.code(), one.name, one.version);
    }
    println!(
        "城市目录 {} 已就绪。下一步 · next:\n  gewu import data areas=areas.csv shapes=shapes.geojson units=units.csv\n  gewu user add … && gewu serve",
        place.data.display()
    );
    Ok(())
}
