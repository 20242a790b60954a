//! The stable codes of the rules, as the API's description lists them.
//!
//! `domain` keeps its enums free of HTTP; these names stand for them in schemas only, and are read from their lists, so
//! that a new code appears in the description by itself.

use gewu_app::{city::Kind, sealing::CONTACT_FIELDS};
use gewu_domain::{
    case::{Move, Rule, Source, StateKind, TaskKind},
    people::Role,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident from $codes:expr;)*) => {
        $(
            $(#[$doc])*
            pub struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    let codes: Vec<&str> = $codes.collect();
                    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes)).into()
                }
            }

            impl ToSchema for $name {}
        )*
    };
}

codes! {
    /// [`StateKind`].
    StateCode from StateKind::ALL.iter().map(|state| state.code());
    /// [`Source`].
    SourceCode from Source::ALL.iter().map(|source| source.code());
    /// [`Move`].
    MoveCode from Move::ALL.iter().map(|step| step.code());
    /// [`Rule`].
    RuleCode from Rule::ALL.iter().map(|rule| rule.code());
    /// [`Role`].
    RoleCode from Role::ALL.iter().map(|role| role.code());
    /// [`TaskKind`].
    TaskCode from TaskKind::ALL.iter().map(|kind| kind.code());
    /// [`Kind`].
    PublicationKind from Kind::ALL.iter().map(|kind| kind.code());
    /// Green up to 80 % of the limit, yellow up to 100 %, red after; paused in time.
    LightCode from ["green", "yellow", "red", "paused"].into_iter();
    /// What a contact is.
    ContactFieldCode from CONTACT_FIELDS.into_iter();
    /// What everybody may see of words or a photo.
    ShowingCode from ["unseen", "public", "withheld"].into_iter();
    /// How a unit stands to its part.
    AssignmentCode from ["offered", "accepted", "done", "rework", "returned", "withdrawn"].into_iter();
    /// What a point is measured in.
    DatumCode from gewu_geo::datum::Datum::ALL.iter().map(|datum| datum.name());
}
