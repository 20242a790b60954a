//! A request as another system sends it: a form with the caller's key, a service, a place and answers.

use super::{Format, answer, jurisdiction, mapping, services::unknown_service, tree::Tree};
use crate::{
    Web, access,
    api::PHOTO_BYTES_MOST,
    body::form::{self, Most, Part, Reader},
    gate::{self, Payer},
    language::Language,
    media::MediaType,
    problem::{BAD_REQUEST, FORBIDDEN, KEY_BAD, Problem},
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use gewu_app::{
    AppError, Caller,
    cases::{
        IdempotencyKey, PhotoName,
        report::{Contact, NewReport, Receipt},
    },
    locate::Location,
    photos::Sent,
};
use gewu_domain::{
    area::Areas,
    case::Source,
    catalogue::{Attribute, Class, Datatype},
    ids::{AreaCode, ClassCode},
};
use gewu_geo::datum::Point;
use jiff::{Timestamp, civil};

/// As the specification limits it.
const DESCRIPTION_CHARS_MOST: usize = 4_000;
const MEDIA_URL_CHARS_MOST: usize = 2_000;

/// The fields of a form in their order, and its files.
#[derive(Debug, Default)]
struct Form {
    fields: Vec<(String, String)>,
    files: Vec<Sent>,
}

impl Form {
    /// The last value of a field; an empty one counts as none.
    fn value(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().rev().find(|(field, value)| field == name && !value.trim().is_empty());
        found.map(|(_, value)| value.trim())
    }

    /// Answers by attribute, in the order given: `attribute[code]=` and `attribute[code][]=`.
    fn answers(&self) -> Vec<(&str, Vec<&str>)> {
        let mut answers: Vec<(&str, Vec<&str>)> = Vec::new();
        for (field, value) in &self.fields {
            let Some(code) = field.strip_prefix("attribute[") else { continue };
            let Some(code) = code.strip_suffix("][]").or(code.strip_suffix(']')) else { continue };
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            match answers.iter_mut().find(|(known, _)| *known == code) {
                Some((_, values)) => values.push(value),
                None => answers.push((code, vec![value])),
            }
        }
        answers
    }
}

pub async fn report(
    State(web): State<Web>,
    format: Format,
    language: Language,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (mut form, caller) = read(&web, parts, body).await?;
    let files = std::mem::take(&mut form.files);
    let jurisdiction = jurisdiction(&web, form.value("jurisdiction_id"))?;
    let snapshot = web.app.snapshot()?;
    let code = form
        .value("service_code")
        .ok_or_else(|| BAD_REQUEST.because("没有给出 service_code", "service_code was not provided"))?;
    let class = mapping::catalogue(&snapshot.city).and_then(|catalogue| catalogue.get(&ClassCode::from(code)));
    let class = class.ok_or_else(|| unknown_service(code))?;

    let mut wrong = Wrong::default();
    let location = location(&form, &snapshot.city.areas, &mut wrong);
    let words = words(&form, class, language, &mut wrong);
    wrong.check()?;
    let located = web.app.locate(&location)?;
    if jurisdiction.region.is_some_and(|region| region != located.region) {
        return Err(BAD_REQUEST.because(
            format!("这个位置不在辖区 {} 内", jurisdiction.id),
            format!("this place lies outside the jurisdiction {}", jurisdiction.id),
        ));
    }
    let mut photos = Vec::new();
    for file in files {
        photos.push(PhotoName::Upload(web.app.upload(&caller, file).await?.token));
    }
    let report = NewReport {
        source: Source::System,
        location,
        class: Some(class.code.clone()),
        words,
        photos,
        contact: contact(&form),
        is_confidential: false,
        is_urgent: false,
        is_fixed_on_spot: false,
    };
    let key = idempotency_key(&caller, &headers)?;
    let receipt = web.app.report(&caller, key.as_ref(), report).await?;
    Ok(taken(&web, format, language, &receipt))
}

/// The number, and in the notice how the reporter follows it.
fn taken(web: &Web, format: Format, language: Language, receipt: &Receipt) -> Response {
    let notice = receipt.code.as_ref().map(|code| {
        let (url, number) = (&web.settings.public_url, &receipt.number);
        match language {
            Language::Zh => format!("凭编号 {number} 和查询码 {code} 在 {url} 查看进展、评价结果"),
            Language::En => format!("Follow it at {url} by number {number} and code {code}"),
        }
    });
    let request = Tree::record([
        ("service_request_id", Tree::text(&receipt.number)),
        ("service_notice", Tree::maybe(notice)),
        ("account_id", Tree::Null),
    ]);
    let requests = Tree::list("request", [request]);
    let mut response = answer(StatusCode::CREATED, format, language, "service_requests", &requests);
    let ending = match format {
        Format::Xml => "xml",
        Format::Json => "json",
    };
    let place = format!("/open311/v2/requests/{}.{ending}", receipt.number);
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// A description of 4,000 characters, escaped, and everything beside it.
const WORDS_BYTES_MOST: usize = 128 * 1024;
/// A report with its photos, once the key is known.
const FORM_BYTES_MOST: u64 = 64 * 1024 * 1024;

/// Reads the form of whoever has a key: of a stranger no more than its words, and no file.
///
/// A key in the address or in a header is judged before anything is read. One in the form stands before the first file.
async fn read(web: &Web, mut parts: Parts, body: Body) -> Result<(Form, Caller), Problem> {
    let mut form = Form::default();
    let query = parts.uri.query().unwrap_or_default();
    form.fields.extend(form::pairs(query.as_bytes(), &MediaType::default())?);
    let mut caller = None;
    if let Some(key) = form.value("api_key").or(bearer(&parts.headers)).map(str::to_owned) {
        let known = known(web, &parts, &key).await?;
        parts.extensions.insert(Payer(known.payer().unwrap_or_default().into()));
        caller = Some(known);
    }
    let total = if MediaType::of(&parts.headers).is("multipart/form-data") {
        FORM_BYTES_MOST
    } else {
        u64::try_from(WORDS_BYTES_MOST).unwrap_or(u64::MAX)
    };
    let most = Most { words: WORDS_BYTES_MOST, file: PHOTO_BYTES_MOST, total };
    let mut reader = Reader::open(&web.gate, &parts, body, most).await?;
    reader.takes_files = caller.is_some();
    while let Some(part) = reader.next().await? {
        match part {
            Part::Field(name, value) if name == "api_key" && caller.is_none() && !value.trim().is_empty() => {
                caller = Some(known(web, &parts, value.trim()).await?);
                reader.takes_files = true;
            }
            Part::Field(name, value) => form.fields.push((name, value)),
            Part::File(file) => form.files.push(file.content),
        }
    }
    if form.fields.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err(crate::extract::nul());
    }
    let caller = caller.ok_or_else(|| FORBIDDEN.because("没有给出 api_key", "api_key was not provided"))?;
    Ok((form, caller))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// Whose key it is. The specification has one status for all that can be wrong with it.
async fn known(web: &Web, parts: &Parts, key: &str) -> Result<Caller, Problem> {
    let caller = match access::client(web, key, &gate::origin_of(parts)).await {
        Ok(caller) => caller,
        Err(problem) if problem.kind.status == StatusCode::UNAUTHORIZED => {
            return Err(FORBIDDEN.because("api_key 无效", "the api_key is not valid"));
        }
        Err(problem) => return Err(problem),
    };
    caller
        .scope("report")
        .map_err(|_| FORBIDDEN.because("这个 api_key 没有 report 权限", "this api_key was not given for reporting"))?;
    Ok(caller)
}

fn idempotency_key(caller: &Caller, headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(given) = headers.get("idempotency-key") else { return Ok(None) };
    let scope = caller.client().map(|client| client.to_string()).unwrap_or_default();
    let key = given.to_str().ok().and_then(|given| IdempotencyKey::new(&scope, given));
    key.map(Some).ok_or_else(|| KEY_BAD.into())
}

/// Everything that is wrong with a form, so that nobody learns it piece by piece.
#[derive(Debug, Default)]
struct Wrong(Vec<gewu_app::Problem>);

impl Wrong {
    fn add(&mut self, field: &str, zh: impl Into<String>, en: impl Into<String>) {
        self.0.push(gewu_app::Problem::new(field, "wrong", zh, en));
    }

    fn check(self) -> Result<(), AppError> {
        if self.0.is_empty() { Ok(()) } else { Err(AppError::Invalid(self.0)) }
    }
}

fn location(form: &Form, areas: &Areas, wrong: &mut Wrong) -> Location {
    let mut degrees = |name: &str| {
        let value = form.value(name)?;
        let number: Option<f64> = value.parse().ok().filter(|number: &f64| number.is_finite());
        if number.is_none() {
            wrong.add(name, format!("“{value}”不是度数"), format!("{value:?} is no number of degrees"));
        }
        number
    };
    let (lat, long) = (degrees("lat"), degrees("long"));
    let point = lat.zip(long).map(|(lat, long)| (long, lat));
    let has_half = form.value("lat").is_some() != form.value("long").is_some();
    if has_half {
        wrong.add("lat, long", "两个要一起给出", "both are needed together");
    }
    if let Some(Err(error)) = point.map(|(long, lat)| Point::new(long, lat)) {
        wrong.add("lat, long", format!("坐标不对：{error}"), error.to_string());
    }
    let address = form.value("address_string").map(str::to_owned);
    let area = form.value("address_id").map(AreaCode::from);
    if let Some(unknown) = area.as_ref().filter(|area| areas.get(area).is_none()) {
        wrong.add("address_id", format!("没有区域 {unknown}"), format!("there is no area {unknown}"));
    }
    if form.value("lat").or(form.value("long")).is_none() && address.is_none() && area.is_none() {
        wrong.add(
            "location",
            "请给出 lat 和 long、address_string 或 address_id",
            "give lat and long, address_string or address_id",
        );
    }
    Location { point, datum: None, area, address, part: None }
}

/// The description, then the answers, then the address of the medium: one line each.
fn words(form: &Form, class: &Class, language: Language, wrong: &mut Wrong) -> String {
    let description = form.value("description").unwrap_or_default();
    if description.chars().count() > DESCRIPTION_CHARS_MOST {
        wrong.add(
            "description",
            format!("最多 {DESCRIPTION_CHARS_MOST} 字"),
            format!("at most {DESCRIPTION_CHARS_MOST} characters"),
        );
    }
    let mut lines = Vec::new();
    if !description.is_empty() {
        lines.push(description.to_owned());
    }
    let answers = form.answers();
    for attribute in &class.attributes {
        let given = answers.iter().find(|(code, _)| *code == attribute.code).map(|(_, values)| values.as_slice());
        match given {
            Some(values) => {
                let question = language.of(&attribute.question_zh, &attribute.question_en);
                let said = said(attribute, values, language, wrong);
                lines.push(format!("{question}{}{said}", language.of("：", ": ")));
            }
            None if attribute.is_required => {
                wrong.add(&format!("attribute[{}]", attribute.code), "这一项必须回答", "an answer to this is needed")
            }
            None => {}
        }
    }
    // What the service did not ask is kept as it was said: better too much to read than something lost.
    for (code, values) in &answers {
        if !class.attributes.iter().any(|attribute| attribute.code == *code) {
            lines.push(format!("{code}{}{}", language.of("：", ": "), values.join(language.of("、", ", "))));
        }
    }
    if let Some(url) = form.value("media_url") {
        let is_web = url.starts_with("http://") || url.starts_with("https://");
        if !is_web || url.chars().count() > MEDIA_URL_CHARS_MOST || url.chars().any(char::is_whitespace) {
            wrong.add(
                "media_url",
                format!("应为 http 或 https 地址，最多 {MEDIA_URL_CHARS_MOST} 字"),
                format!("an http or https address of at most {MEDIA_URL_CHARS_MOST} characters"),
            );
        }
        lines.push(format!("media_url{}{url}", language.of("：", ": ")));
    }
    lines.join("\n")
}

/// An answer in words, by the type of its question.
fn said(attribute: &Attribute, values: &[&str], language: Language, wrong: &mut Wrong) -> String {
    let field = format!("attribute[{}]", attribute.code);
    let is_single = attribute.datatype != Datatype::MultiValueList;
    if is_single && values.len() > 1 {
        wrong.add(&field, "只能有一个值", "one value only");
    }
    let mut said = Vec::new();
    for value in values {
        let fits = match attribute.datatype {
            Datatype::String => !value.contains('\n'),
            Datatype::Text => true,
            Datatype::Number => value.parse::<f64>().is_ok_and(f64::is_finite),
            Datatype::DateTime => {
                value.parse::<Timestamp>().is_ok()
                    || value.parse::<civil::DateTime>().is_ok()
                    || value.parse::<civil::Date>().is_ok()
            }
            Datatype::SingleValueList | Datatype::MultiValueList => {
                attribute.values.iter().any(|known| known.key == *value)
            }
        };
        if !fits && !attribute.values.is_empty() {
            let keys: Vec<&str> = attribute.values.iter().map(|known| known.key.as_str()).collect();
            wrong.add(
                &field,
                format!("没有选项“{value}”，可选：{}", keys.join("、")),
                format!("there is no choice {value:?}: {}", keys.join(", ")),
            );
        } else if !fits {
            let datatype = attribute.datatype.name();
            wrong.add(
                &field,
                format!("“{value}”不是 {datatype}"),
                format!("{value:?} is no {datatype} of this question"),
            );
        }
        let named = attribute.values.iter().find(|known| known.key == *value);
        said.push(named.map_or(*value, |known| language.of(&known.zh, &known.en)));
    }
    said.join(language.of("、", ", "))
}

/// Names are put together as their script does: 李小明, John Smith.
fn contact(form: &Form) -> Contact {
    let (first, last) = (form.value("first_name").unwrap_or_default(), form.value("last_name").unwrap_or_default());
    let name = if first.is_ascii() && last.is_ascii() {
        format!("{first} {last}").trim().to_owned()
    } else {
        format!("{last}{first}")
    };
    let field = |name: &str| form.value(name).unwrap_or_default().to_owned();
    Contact { name, phone: field("phone"), email: field("email") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &str) -> Form {
        Form { fields: form_urlencoded::parse(body.as_bytes()).into_owned().collect(), files: Vec::new() }
    }

    #[test]
    fn answers_are_gathered_by_question_in_their_order() {
        let form = form("attribute[a]=1&x=2&attribute%5Bb%5D%5B%5D=3&attribute[b][]=4&attribute[c]=&attribute[d=5");
        assert_eq!(form.answers(), [("a", vec!["1"]), ("b", vec!["3", "4"])]);
    }

    #[test]
    fn an_empty_field_counts_as_none() {
        assert_eq!(form("lat=&lat=%20").value("lat"), None);
        assert_eq!(form("lat=1&lat=").value("lat"), Some("1"));
    }

    #[test]
    fn names_are_put_together_as_their_script_does() {
        assert_eq!(contact(&form("first_name=John&last_name=Smith")).name, "John Smith");
        assert_eq!(contact(&form("first_name=小明&last_name=李")).name, "李小明");
        assert_eq!(contact(&form("last_name=Smith")).name, "Smith");
    }
}
