//! The documents of a city: areas, units, catalogues, calendars, policies, codes.

use crate::text;
use gewu_domain::area::Areas;
use gewu_domain::area::code::{CodeScheme, DivisionCode, GridCode, PartCode, PartCodeForm};
use gewu_domain::calendar::Calendar;
use gewu_domain::catalogue::Catalogue;
use gewu_domain::policy::Policy;
use gewu_domain::unit::{UnitKinds, Units};
use std::str::FromStr;

const FILE: &str = "fuzz";

const KINDS: &str = "\
code,zh,en,role,axis,backstop
street,街道办事处,street office,territory,,yes
water,水务,water board,owner,,
";

const AREAS: &str = "\
#version,1
#scheme,free
code,name_zh,level,parent,valid_from,region
1,城,city,,2020-01-01,320100
11,区,county,1,2020-01-01,320100
";

/// Areas that were read are written so that the same areas are read.
pub fn areas(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(areas) = Areas::parse(FILE, text) else { return };
    let again = Areas::parse(FILE, &areas.to_csv()).expect("what was written can be read");
    // Not the areas themselves: they know their lines.
    assert_eq!(again.to_csv(), areas.to_csv());
}

/// Read twice: with the kinds above, and as kinds. Units that were read are written so that the same are read.
pub fn units(data: &[u8]) {
    let Some(text) = text(data) else { return };
    drop(UnitKinds::parse(FILE, text));
    let (areas, kinds) = (areas_given(), kinds_given());
    let Ok(units) = Units::parse(FILE, text, &areas, &kinds) else { return };
    let again = Units::parse(FILE, &units.to_csv(), &areas, &kinds).expect("what was written can be read");
    assert_eq!(again, units);
}

/// A catalogue that was read is written so that the same is read.
pub fn catalogue(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let kinds = kinds_given();
    if let Ok(catalogue) = Catalogue::parse(FILE, text, &kinds) {
        let again = Catalogue::parse(FILE, &catalogue.to_csv(), &kinds).expect("what was written can be read");
        assert_eq!(again, catalogue);
    }
}

pub fn calendar(data: &[u8]) {
    if let Some(text) = text(data) {
        drop(Calendar::parse(FILE, text));
    }
}

pub fn policy(data: &[u8]) {
    if let Some(text) = text(data) {
        drop(Policy::parse(FILE, text));
    }
}

/// The first byte chooses the kind of code.
pub fn codes(data: &[u8]) {
    let Some((kind, code)) = data.split_first() else { return };
    let Some(code) = text(code) else { return };
    match kind % 6 {
        0 => drop(DivisionCode::from_str(code)),
        1 => drop(GridCode::parse(CodeScheme::Unit15, code)),
        2 => drop(GridCode::parse(CodeScheme::Unit14, code)),
        3 => drop(GridCode::parse(CodeScheme::Cjt349, code)),
        4 => drop(PartCode::parse(code, PartCodeForm::Minor2)),
        _ => drop(PartCode::parse(code, PartCodeForm::Minor3)),
    }
}

fn areas_given() -> Areas {
    Areas::parse(FILE, AREAS).expect("the areas above are sound")
}

fn kinds_given() -> UnitKinds {
    UnitKinds::parse(FILE, KINDS).expect("the kinds above are sound")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_given_are_sound() {
        areas_given();
        kinds_given();
    }

    #[test]
    fn the_seeds_get_past_the_first_fault() {
        let seed = |name: &str| {
            let path = format!("{}/seeds/{name}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(path).expect("a seed can be read")
        };
        Areas::parse(FILE, &seed("areas/small.csv")).expect("the seed of areas is sound");
        Units::parse(FILE, &seed("units/small.csv"), &areas_given(), &kinds_given())
            .expect("the seed of units is sound");
        UnitKinds::parse(FILE, &seed("units/kinds.csv")).expect("the seed of kinds is sound");
        Catalogue::parse(FILE, &seed("catalogue/small.csv"), &kinds_given()).expect("the seed of classes is sound");
    }
}
