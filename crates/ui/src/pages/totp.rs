//! One's second factor: setting it up with a phone, its recovery codes, turning it off.

use super::account::TOTP;
use crate::{
    Ui,
    failure::Failure,
    fields::Fields,
    frame::{Frame, page},
    session::Staff,
};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use gewu_app::{
    AppError,
    people::totp::{Offer, TotpState},
};
use gewu_web::limits::Kind;
use qrcodegen::{QrCode, QrCodeEcc};

/// White around a code, in its own dots, so that phones find it.
const MARGIN: i32 = 4;

#[derive(Template)]
#[template(path = "totp.html")]
struct TotpPage {
    f: Frame,
    state: TotpState,
    /// Nothing else is open before it is set up.
    is_forced: bool,
    wrong: Vec<String>,
    offer: Offer,
    /// The key as it is read and typed.
    key: String,
    qr: Qr,
    /// Just made: shown this once.
    recovery_codes: Vec<String>,
}

/// A code as the path of a picture.
struct Qr {
    dots: i32,
    path: String,
}

impl Qr {
    /// Empty where the text is too long for a code; the key can be typed by hand.
    fn of(text: &str) -> Qr {
        let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return Qr { dots: 0, path: String::new() } };
        let side = code.size();
        let dark = (0..side).flat_map(|y| (0..side).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y));
        let path = dark.map(|(x, y)| format!("M{},{}h1v1h-1z", x + MARGIN, y + MARGIN)).collect();
        Qr { dots: side + 2 * MARGIN, path }
    }
}

pub async fn show(State(ui): State<Ui>, staff: Staff) -> Result<Response, Failure> {
    Ok(page(&made(&ui, staff, Vec::new(), Vec::new()).await?)?.into_response())
}

async fn made(ui: &Ui, staff: Staff, wrong: Vec<String>, recovery_codes: Vec<String>) -> Result<TotpPage, AppError> {
    let state = ui.app.totp_state(staff.caller()).await?;
    let offer = ui.app.offer_totp(staff.caller()).await?;
    let is_forced = state.is_needed && !state.is_on;
    let (key, qr) = (in_fours(&offer.key), Qr::of(&offer.uri));
    Ok(TotpPage { f: Frame::of(ui, staff.visitor, "account"), state, is_forced, wrong, offer, key, qr, recovery_codes })
}

fn in_fours(key: &str) -> String {
    let letters = key.char_indices();
    letters.flat_map(|(at, letter)| [(at > 0 && at % 4 == 0).then_some(' '), Some(letter)]).flatten().collect()
}

/// Sets it up, or turns it off.
pub async fn send(State(ui): State<Ui>, staff: Staff, fields: Fields) -> Result<Response, Failure> {
    staff.check(&fields)?;
    ui.gate.take(&ui.app, Kind::SignIn, &staff.visitor.origin)?;
    let words = staff.visitor.words.clone();
    let present = fields.raw("present");
    let done = if fields.text("do") == "remove" {
        match ui.app.remove_totp(staff.caller(), present).await {
            Ok(()) => return Ok(Redirect::to(TOTP).into_response()),
            Err(error) => Err(error),
        }
    } else {
        ui.app.enrol_totp(staff.caller(), present, fields.text("offer"), fields.text("code")).await
    };
    match done {
        Ok(codes) => Ok(page(&made(&ui, staff, Vec::new(), codes).await?)?.into_response()),
        Err(AppError::Invalid(problems)) => {
            let wrong = problems.iter().map(|problem| words.of(&problem.zh, &problem.en).to_owned()).collect();
            let made = page(&made(&ui, staff, wrong, Vec::new()).await?)?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, made).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_a_square_of_dots_with_white_around() {
        let qr = Qr::of("otpauth://totp/Gewu:li?secret=ABC");
        assert!(qr.dots > 2 * MARGIN && qr.path.starts_with("M4,4h1v1h-1z"), "the corner mark is dark: {}", qr.path);
        assert!(!qr.path.contains("M3,"), "nothing is dark in the margin");
        assert_eq!(Qr::of(&"x".repeat(5_000)).dots, 0);
    }

    #[test]
    fn a_key_is_read_in_fours() {
        assert_eq!(in_fours("ABCDEFGHIJ"), "ABCD EFGH IJ");
        assert_eq!(in_fours(""), "");
    }
}
