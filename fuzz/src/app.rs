//! What residents attach, and what other systems export.

use crate::text;
use gewu_app::{
    import::{
        mapping::{Mapping, Time, fill},
        rows::{Next, Rows},
    },
    photos::{PhotoLimits, prepare},
};
use jiff::tz::TimeZone;
use std::io::Cursor;

const ENCODINGS: [&str; 6] = ["utf-8", "gb18030", "big5", "shift_jis", "utf-16le", "utf-16be"];
const TIMES: [&str; 5] = ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d", "%m/%d/%Y %I:%M:%S %p", "%s", "%Y-%m-%dT%H:%M:%S%z"];

/// A photo that is taken is a JPEG within its limits, and is taken again.
pub fn photo(data: &[u8]) {
    // A decoder's panic is caught and refused; one that gets past that still ends the run.
    std::panic::set_hook(Box::new(|_| ()));
    // Small pictures, so that the decoders are tried often.
    let limits = PhotoLimits { pixels_most: 40_000, edge_most_px: 64, thumbnail_edge_px: 16, ..PhotoLimits::default() };
    let Ok(photo) = prepare(data, &limits) else { return };
    assert!(
        photo.width <= limits.edge_most_px && photo.height <= limits.edge_most_px,
        "a photo is made as small as asked"
    );
    assert!(prepare(&photo.full, &limits).is_ok(), "what was taken is taken again");
    assert!(prepare(&photo.thumbnail, &limits).is_ok(), "its thumbnail is a photo");
}

/// An export in the encoding its first byte chooses: rows begin in later and later lines, and each cell is tried as a time.
pub fn cases(data: &[u8]) {
    let Some((first, file)) = data.split_first() else { return };
    let encoding = ENCODINGS.get(usize::from(*first) % ENCODINGS.len()).expect("the remainder is below the length");
    let mapping = format!("[csv]\nencoding = \"{encoding}\"\n[reported_at]\ncolumn = \"t\"\n[class]\ncolumn = \"c\"\n");
    let mapping = Mapping::parse("fuzz", &mapping).expect("a sound mapping");
    let Ok(mut rows) = Rows::open(Box::new(Cursor::new(file.to_vec())), &mapping) else { return };
    let time = Time {
        column: String::new(),
        formats: TIMES.iter().map(|format| (*format).to_owned()).collect(),
        none: Vec::new(),
    };
    let mut before = 0;
    while let Ok(Some(next)) = rows.next_row() {
        let (Next::Row(line, record) | Next::Broken(line, _, record)) = next;
        assert!(line > before, "a row begins after the one before");
        before = line;
        for cell in record.iter().filter_map(text) {
            let _ = time.read(cell, &TimeZone::UTC);
        }
    }
}

/// A mapping that reads: its formats and templates are tried on a few values.
pub fn mapping(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(mapping) = Mapping::parse("fuzz", text) else { return };
    let columns = mapping.columns().len();
    assert!(columns >= 1, "a mapping names columns");
    for value in ["2026-03-02 09:00", "03/02/2026 09:00:00 AM", "1772442000", ""] {
        for time in std::iter::once(&mapping.reported_at).chain(&mapping.closed_at) {
            let _ = time.read(value, &TimeZone::UTC);
        }
        drop(fill(&mapping.words, |_| value));
        drop(fill(&mapping.reply, |_| value));
    }
}
