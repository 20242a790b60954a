//! The catalogue: classes, filing conditions, limits, closing conditions, and finding a class by words.

use super::cases::Label;
use crate::{
    Web,
    extract::{Path, Query},
    problem::{Document, INVALID, NOT_FOUND, Problem},
};
use axum::{Json, extract::State};
use gewu_domain::{
    catalogue::{Attribute, Catalogue, Class},
    city::City,
    ids::{ClassCode, UnitKind},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(open)).routes(routes!(search)).routes(routes!(class))
}

/// Which version of which scheme.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct VersionQuery {
    /// The one in force when not given.
    scheme: Option<String>,
    /// The highest when not given.
    version: Option<u32>,
}

impl VersionQuery {
    fn find<'c>(&self, city: &'c City) -> Result<&'c Catalogue, Problem> {
        let scheme = self.scheme.as_deref().unwrap_or(&city.policy.scheme);
        let found = match self.version {
            Some(version) => city.catalogues.get(scheme, version),
            None => city.catalogues.current(scheme),
        };
        found.ok_or_else(|| NOT_FOUND.into())
    }
}

/// A published version of a scheme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Catalogue)]
struct CatalogueBody {
    scheme: String,
    version: u32,
    title: Label,
    /// Every scheme that is published.
    schemes: Vec<String>,
    /// In the order published: by major and minor.
    classes: Vec<ClassSummary>,
}

/// A class as lists show it.
#[derive(Debug, Serialize, ToSchema)]
struct ClassSummary {
    #[schema(value_type = String)]
    code: ClassCode,
    /// `part` or `event`.
    kind: &'static str,
    major: Label,
    name: Label,
    /// What a resident would call it.
    plain: Label,
    is_local: bool,
    has_attributes: bool,
}

impl ClassSummary {
    fn of(class: &Class) -> ClassSummary {
        ClassSummary {
            code: class.code.clone(),
            kind: class.kind.name(),
            major: Label { zh: class.major_zh.clone(), en: class.major_en.clone() },
            name: Label { zh: class.name_zh.clone(), en: class.name_en.clone() },
            plain: Label { zh: class.plain_zh.clone(), en: class.plain_en.clone() },
            is_local: class.is_local,
            has_attributes: !class.attributes.is_empty(),
        }
    }
}

/// A class with its conditions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Class)]
struct ClassDetail {
    #[serde(flatten)]
    class: ClassSummary,
    scheme: String,
    version: u32,
    conditions: Vec<Condition>,
    /// Kinds of unit that answer for it, the first asked first.
    #[schema(value_type = Vec<String>)]
    responsible: Vec<UnitKind>,
    attributes: Vec<AttributeBody>,
    provenance: String,
}

/// One of the ways a class goes wrong.
#[derive(Debug, Serialize, ToSchema)]
struct Condition {
    no: u8,
    code: String,
    filing: Label,
    /// By management grade of the place.
    limit_a: Limit,
    limit_b: Limit,
    limit_c: Limit,
    closing: Vec<Label>,
    is_urgent: bool,
    source: String,
}

/// How long a promise is.
#[derive(Debug, Serialize, ToSchema)]
struct Limit {
    minutes: u32,
    /// `working` or `continuous`.
    kind: &'static str,
    /// As a person says it.
    text: Label,
}

/// What a reporter is asked beside place and words.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attribute)]
struct AttributeBody {
    code: String,
    /// As Open311 names it.
    datatype: &'static str,
    is_required: bool,
    question: Label,
    values: Vec<AttributeValue>,
}

/// A choice.
#[derive(Debug, Serialize, ToSchema)]
struct AttributeValue {
    key: String,
    name: Label,
}

impl ClassDetail {
    fn of(class: &Class, catalogue: &Catalogue, city: &City) -> ClassDetail {
        let limit = |limit: gewu_domain::sla::Limit| {
            let text = limit.text(&city.calendar);
            Limit {
                minutes: limit.minutes,
                kind: match limit.kind {
                    gewu_domain::sla::ClockKind::Working => "working",
                    gewu_domain::sla::ClockKind::Continuous => "continuous",
                },
                text: Label { zh: text.zh, en: text.en },
            }
        };
        let conditions = class.conditions.iter().map(|condition| Condition {
            no: condition.no,
            code: condition.code.clone(),
            filing: Label { zh: condition.filing_zh.clone(), en: condition.filing_en.clone() },
            limit_a: limit(condition.limits.a),
            limit_b: limit(condition.limits.b),
            limit_c: limit(condition.limits.c),
            closing: condition.closing.iter().map(|tick| Label { zh: tick.zh.clone(), en: tick.en.clone() }).collect(),
            is_urgent: condition.urgent,
            source: condition.source.clone(),
        });
        ClassDetail {
            class: ClassSummary::of(class),
            scheme: catalogue.scheme.clone(),
            version: catalogue.version,
            conditions: conditions.collect(),
            responsible: class.responsible.clone(),
            attributes: class.attributes.iter().map(AttributeBody::of).collect(),
            provenance: class.provenance.clone(),
        }
    }
}

impl AttributeBody {
    fn of(attribute: &Attribute) -> AttributeBody {
        AttributeBody {
            code: attribute.code.clone(),
            datatype: attribute.datatype.name(),
            is_required: attribute.is_required,
            question: Label { zh: attribute.question_zh.clone(), en: attribute.question_en.clone() },
            values: attribute
                .values
                .iter()
                .map(|value| AttributeValue {
                    key: value.key.clone(),
                    name: Label { zh: value.zh.clone(), en: value.en.clone() },
                })
                .collect(),
        }
    }
}

/// The catalogue in force, or another version.
#[utoipa::path(get, path = "/api/v1/catalogue", tag = "catalogue", params(VersionQuery),
    responses((status = 200, body = CatalogueBody), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn open(State(web): State<Web>, Query(query): Query<VersionQuery>) -> Result<Json<CatalogueBody>, Problem> {
    let snapshot = web.app.snapshot()?;
    let catalogue = query.find(&snapshot.city)?;
    Ok(Json(CatalogueBody {
        scheme: catalogue.scheme.clone(),
        version: catalogue.version,
        title: Label { zh: catalogue.title_zh.clone(), en: catalogue.title_en.clone() },
        schemes: snapshot.city.catalogues.schemes().map(str::to_owned).collect(),
        classes: catalogue.classes().iter().map(ClassSummary::of).collect(),
    }))
}

/// One class with its conditions, limits and closing conditions.
#[utoipa::path(get, path = "/api/v1/catalogue/classes/{code}", tag = "catalogue", params(("code" = String, Path), VersionQuery),
    responses((status = 200, body = ClassDetail), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn class(
    State(web): State<Web>,
    Path(code): Path<String>,
    Query(query): Query<VersionQuery>,
) -> Result<Json<ClassDetail>, Problem> {
    let snapshot = web.app.snapshot()?;
    let catalogue = query.find(&snapshot.city)?;
    let class = catalogue.get(&ClassCode::new(code)).ok_or(NOT_FOUND)?;
    Ok(Json(ClassDetail::of(class, catalogue, &snapshot.city)))
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct SearchQuery {
    /// Words in either language, or a part of a code.
    q: String,
    /// 1 to 100; 20 when not given.
    page_size: Option<u8>,
}

/// What was found, best first.
#[derive(Debug, Serialize, ToSchema)]
struct FoundClasses {
    classes: Vec<ClassSummary>,
    /// How many more were found than are listed.
    left_off: usize,
}

/// Finds classes of the catalogue in force by words.
#[utoipa::path(get, path = "/api/v1/catalogue/search", tag = "catalogue", params(SearchQuery),
    responses((status = 200, body = FoundClasses), (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn search(State(web): State<Web>, Query(query): Query<SearchQuery>) -> Result<Json<FoundClasses>, Problem> {
    let most = query.page_size.unwrap_or(20);
    if !(1..=100).contains(&most) {
        return Err(INVALID.because("page_size 应为 1 到 100", "page_size must be from 1 to 100"));
    }
    let snapshot = web.app.snapshot()?;
    let catalogue = VersionQuery::default().find(&snapshot.city)?;
    let wanted = query.q.trim().to_lowercase();
    let terms = gewu_text::query_terms(&wanted);
    let mut found: Vec<(usize, &Class)> = catalogue
        .classes()
        .iter()
        .map(|class| (fit(class, &wanted, &terms), class))
        .filter(|(fit, _)| *fit > 0)
        .collect();
    found.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
    let left_off = found.len().saturating_sub(usize::from(most));
    let classes = found.into_iter().take(usize::from(most)).map(|(_, class)| ClassSummary::of(class));
    Ok(Json(FoundClasses { classes: classes.collect(), left_off }))
}

/// How well a class fits: a whole name before its beginning, that before a part of it or of the code, that before single
/// terms, and a short name before a long one; 0 not at all.
fn fit(class: &Class, wanted: &str, terms: &[String]) -> usize {
    if wanted.is_empty() {
        return 0;
    }
    let names = [&class.plain_zh, &class.name_zh, &class.plain_en, &class.name_en].map(|name| name.to_lowercase());
    let by_name = names.iter().map(|name| {
        let rank = match () {
            () if name == wanted => 3,
            () if name.starts_with(wanted) => 2,
            () if name.contains(wanted) => 1,
            () => return 0,
        };
        rank * 10_000 - name.chars().count().min(5_000)
    });
    let by_code = if class.code.as_str().contains(wanted) { 10_000 } else { 0 };
    let conditions = class.conditions.iter().flat_map(|one| [&one.filing_zh, &one.filing_en]);
    let text: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .chain([class.major_zh.as_str(), class.major_en.as_str()])
        .chain(conditions.map(String::as_str))
        .collect();
    let known = gewu_text::terms(&text.join("\n"));
    let hits = terms.iter().filter(|term| known.contains(term)).count();
    by_name.max().unwrap_or(0).max(by_code) + hits
}
