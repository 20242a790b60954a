//! What residents attach.

use gewu_app::photos::{PhotoLimits, prepare};

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
