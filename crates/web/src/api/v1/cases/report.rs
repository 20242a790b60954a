//! A report as it comes in, and the receipt that goes out.

use super::summary::PointBody;
use crate::api::{
    codes::{DatumCode, SourceCode},
    v1::photos::PhotoNameBody,
};
use gewu_app::{
    Caller, Identity,
    cases::report::{Contact, NewReport, Receipt},
    locate::Location,
};
use gewu_domain::{
    case::Source,
    ids::{AreaCode, CaseId, ClassCode},
    people::Role,
};
use gewu_geo::datum::Datum;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where, as somebody says it. Any part may be missing.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(as = Location)]
#[serde(deny_unknown_fields)]
pub struct LocationBody {
    pub point: Option<PointBody>,
    /// What the point is measured in; `wgs84` when not said.
    #[schema(value_type = Option<DatumCode>)]
    pub datum: Option<Datum>,
    /// An area chosen from the list, of any level.
    #[schema(value_type = Option<String>)]
    pub area: Option<AreaCode>,
    /// At most 200 characters.
    pub address: Option<String>,
    /// Identification code of a part, e.g. of a street lamp.
    pub part: Option<String>,
}

impl From<LocationBody> for Location {
    fn from(body: LocationBody) -> Location {
        Location {
            point: body.point.map(|point| (point.lon, point.lat)),
            datum: body.datum,
            area: body.area,
            address: body.address,
            part: body.part,
        }
    }
}

/// How the reporter can be reached, as far as they want to be. Encrypted, shown masked, erasable.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[schema(as = Contact)]
#[serde(deny_unknown_fields)]
pub struct ContactBody {
    #[serde(default)]
    name: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    email: String,
}

/// A report. At least one of words, photos and a place.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[schema(as = Report)]
#[serde(deny_unknown_fields)]
pub struct ReportBody {
    /// When not said: what the caller's post usually reports as; `system` for an API key, `resident` for everybody else.
    #[schema(value_type = Option<SourceCode>)]
    source: Option<Source>,
    #[serde(default)]
    location: LocationBody,
    /// A class of the catalogue in force; nothing when the reporter does not know.
    #[schema(value_type = Option<String>)]
    class: Option<ClassCode>,
    #[serde(default)]
    words: String,
    /// What uploading each photo answered.
    #[serde(default)]
    photos: Vec<PhotoNameBody>,
    #[serde(default)]
    contact: ContactBody,
    /// Units that handle it never see who reported.
    #[serde(default)]
    is_confidential: bool,
    /// Danger to life or limb.
    #[serde(default)]
    is_urgent: bool,
    /// Mended by the collector who found it.
    #[serde(default)]
    is_fixed_on_spot: bool,
}

impl ReportBody {
    pub fn of(self, caller: &Caller) -> NewReport {
        NewReport {
            source: self.source.unwrap_or_else(|| usual_source(caller)),
            location: self.location.into(),
            class: self.class,
            words: self.words,
            photos: self.photos.into_iter().map(Into::into).collect(),
            contact: Contact { name: self.contact.name, phone: self.contact.phone, email: self.contact.email },
            is_confidential: self.is_confidential,
            is_urgent: self.is_urgent,
            is_fixed_on_spot: self.is_fixed_on_spot,
        }
    }
}

fn usual_source(caller: &Caller) -> Source {
    match (&caller.identity, caller.role()) {
        (Identity::Client { .. }, _) => Source::System,
        (_, Some(Role::Collector)) => Source::Patrol,
        (_, Some(Role::Acceptor | Role::DutyChief)) => Source::Hotline,
        _ => Source::Resident,
    }
}

/// What the reporter keeps: with number and code they can follow, confirm and erase.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receipt)]
pub struct ReceiptBody {
    #[schema(value_type = String)]
    id: CaseId,
    #[schema(example = "370102")]
    region: String,
    number: String,
    /// Nothing for sources whose reporter is not given one.
    code: Option<String>,
    reported_at: Timestamp,
    /// `false`: it waits in the queue of what must be placed.
    is_placed: bool,
    due_at: Option<Timestamp>,
}

impl From<Receipt> for ReceiptBody {
    fn from(receipt: Receipt) -> ReceiptBody {
        ReceiptBody {
            id: receipt.id,
            region: receipt.region.to_string(),
            number: receipt.number,
            code: receipt.code,
            reported_at: receipt.reported_at,
            is_placed: receipt.is_placed,
            due_at: receipt.due_at,
        }
    }
}
