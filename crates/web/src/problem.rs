//! What a caller is told when something is not done: one table from [`AppError`] to RFC 9457 problem documents.
//!
//! A handler answers with a [`Problem`]; [`crate::spoken`](mod@crate::spoken) puts it into the caller's language and format. Pages
//! take the status from here too ([`kind`]). Causes go to the log, once, and never to the client.

use crate::language::Language;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use gewu_app::AppError;
use gewu_domain::{
    case::{Refused, Rule},
    fault::Fault,
};
use serde::Serialize;
use std::{error::Error, sync::Arc};
use utoipa::ToSchema;

macro_rules! kinds {
    ($($name:ident = $status:ident, $code:literal, $zh:literal, $en:literal;)*) => {
        $(pub const $name: &Kind = &Kind { status: StatusCode::$status, code: $code, zh: $zh, en: $en };)*
        /// All of them.
        pub const KINDS: &[&Kind] = &[$($name),*];
    };
}

/// A sort of problem: its status, its stable code and its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub status: StatusCode,
    pub code: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
}

kinds! {
    BAD_REQUEST = BAD_REQUEST, "bad_request", "请求读不懂", "The request cannot be read";
    BAD_PAGE_TOKEN = BAD_REQUEST, "bad_page_token", "翻页标记不属于这个查询", "The page token does not belong to this query";
    KEY_NEEDED = BAD_REQUEST, "idempotency_key_needed", "请带上 Idempotency-Key，这样重试不会重复上报", "An Idempotency-Key is needed, so that trying again reports nothing twice";
    KEY_BAD = BAD_REQUEST, "idempotency_key_bad", "Idempotency-Key 应为 1 到 200 个可见 ASCII 字符", "An Idempotency-Key has 1 to 200 visible ASCII characters";
    SIGNED_OUT = UNAUTHORIZED, "signed_out", "请先登录，或带上有效的密钥", "Sign in first, or send a valid key";
    WRONG_PASSWORD = UNAUTHORIZED, "wrong_password", "用户名或密码不对", "Wrong name or password";
    CODE_NEEDED = UNAUTHORIZED, "code_needed", "请带上手机上的验证码 code，或一个恢复码", "Send `code` too: from the phone, or a recovery code";
    WRONG_CODE = UNAUTHORIZED, "wrong_code", "验证码不对，或已经用过", "The code is wrong, or was used before";
    FORBIDDEN = FORBIDDEN, "forbidden", "这不归您办理", "This is not yours to do";
    CSRF = FORBIDDEN, "csrf_token_wrong", "页面已过期，请刷新后再试", "The page is out of date: load it again and retry";
    MUST_CHANGE = FORBIDDEN, "password_must_change", "请先换成您自己的密码", "Choose a password of your own first";
    MUST_ENROL = FORBIDDEN, "totp_must_enrol", "您的岗位要求两步验证，请先设置", "Your post asks for a second factor: set it up first";
    REFUSED_WHO = FORBIDDEN, "refused", "规则不允许", "The rules say no";
    NOT_FOUND = NOT_FOUND, "not_found", "没有找到", "Not found";
    NO_ROUTE = NOT_FOUND, "no_such_route", "没有这个地址", "There is nothing at this address";
    METHOD = METHOD_NOT_ALLOWED, "method_not_allowed", "这个地址不支持这种方法", "This address does not know this method";
    NOT_ACCEPTABLE = NOT_ACCEPTABLE, "not_acceptable", "没有您要的格式", "Not to be had in the format asked for";
    TIMEOUT = REQUEST_TIMEOUT, "timeout", "处理超时，请重试", "It took too long: try again";
    REFUSED_NOW = CONFLICT, "refused", "规则不允许", "The rules say no";
    CONFLICT = CONFLICT, "conflict", "刚被别人改过，请刷新后再试", "Somebody else changed it just now: load it again and retry";
    TOO_LARGE = PAYLOAD_TOO_LARGE, "too_large", "内容太大", "The content is too large";
    MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "不支持这种内容类型", "This content type is not taken";
    REFUSED_WHAT = UNPROCESSABLE_ENTITY, "refused", "规则不允许", "The rules say no";
    INVALID = UNPROCESSABLE_ENTITY, "invalid", "请求里有需要改正的地方", "Something in the request must be corrected";
    FAULTY = UNPROCESSABLE_ENTITY, "faulty", "文件有错误，什么也没有改动", "The files have faults; nothing was changed";
    KEY_REUSED = UNPROCESSABLE_ENTITY, "idempotency_key_reused", "这个 Idempotency-Key 已用于另一个请求", "This Idempotency-Key was used for another request";
    TOO_MANY = TOO_MANY_REQUESTS, "too_many", "次数太多，请稍后再试", "Too many tries: wait a little";
    FAILED = INTERNAL_SERVER_ERROR, "failed", "出错了，没有办成", "Something went wrong; it was not done";
    NOT_READY = SERVICE_UNAVAILABLE, "city_not_published", "这座城市还没有发布", "This city has not been published yet";
    BUSY = SERVICE_UNAVAILABLE, "busy", "现在太忙，请稍后再试", "Too much at the moment: try again shortly";
    UNAVAILABLE = SERVICE_UNAVAILABLE, "unavailable", "暂时不可用，请稍后再试", "Unavailable at the moment: try again later";
}

impl Kind {
    /// The stable `type` of the document.
    pub fn uri(&self) -> String {
        format!("urn:gewu:problem:{}", self.code)
    }

    /// What axum and its layers answer by themselves.
    pub(crate) fn of_status(status: StatusCode) -> &'static Kind {
        match status {
            StatusCode::NOT_FOUND => NO_ROUTE,
            StatusCode::METHOD_NOT_ALLOWED => METHOD,
            StatusCode::PAYLOAD_TOO_LARGE => TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => MEDIA_TYPE,
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => TIMEOUT,
            StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE,
            status if status.is_client_error() => BAD_REQUEST,
            _ => FAILED,
        }
    }
}

/// Something that was not done, and why.
#[derive(Debug)]
pub struct Problem {
    pub kind: &'static Kind,
    /// Boxed, so that an answer that goes well does not carry the room for one that does not.
    pub more: Box<More>,
}

/// What there is to say beside the kind.
#[derive(Debug, Default)]
pub struct More {
    /// Chinese and English: this case of it, and what to do.
    pub detail: Option<(String, String)>,
    pub problems: Vec<gewu_app::Problem>,
    pub faults: Vec<Fault>,
    pub refused: Option<Box<Refused>>,
    pub retry_after_s: Option<u32>,
    /// For the log only.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl From<&'static Kind> for Problem {
    fn from(kind: &'static Kind) -> Problem {
        Problem { kind, more: Box::default() }
    }
}

impl Kind {
    /// The problem with a sentence of its own.
    pub fn because(&'static self, zh: impl Into<String>, en: impl Into<String>) -> Problem {
        self.with(More { detail: Some((zh.into(), en.into())), ..More::default() })
    }

    pub fn with(&'static self, more: More) -> Problem {
        Problem { kind: self, more: Box::new(more) }
    }

    /// The problem with the seconds to wait.
    pub fn wait(&'static self, wait_s: u32) -> Problem {
        self.with(More { retry_after_s: Some(wait_s), ..More::default() })
    }
}

/// The one table of what the house says and which status that is: machines and pages go by it.
pub fn kind(error: &AppError) -> &'static Kind {
    match error {
        AppError::Refused(refused) => kind_of(refused.rule),
        AppError::Invalid(problems) => match problems.as_slice() {
            [one] if one.code == NOT_READY.code => NOT_READY,
            _ => INVALID,
        },
        AppError::Faulty(_) => FAULTY,
        AppError::NotFound => NOT_FOUND,
        AppError::SignedOut => SIGNED_OUT,
        AppError::Forbidden(_) => FORBIDDEN,
        AppError::KeyReused => KEY_REUSED,
        AppError::Conflict => CONFLICT,
        AppError::TooMany { .. } => TOO_MANY,
        AppError::Busy { .. } => BUSY,
        AppError::Unavailable(_) => UNAVAILABLE,
        AppError::Failed(_) => FAILED,
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Problem {
        let kind = kind(&error);
        let more = match error {
            AppError::Refused(refused) => {
                More { detail: Some((refused.zh(), refused.en())), refused: Some(refused), ..More::default() }
            }
            AppError::Invalid(problems) if kind == NOT_READY => {
                More { detail: problems.into_iter().next().map(|one| (one.zh, one.en)), ..More::default() }
            }
            AppError::Invalid(problems) => More { problems, ..More::default() },
            AppError::Faulty(faults) => More { faults, ..More::default() },
            AppError::Forbidden(why) => More { detail: Some((kind.zh.to_owned(), why.into())), ..More::default() },
            AppError::TooMany { wait_s } | AppError::Busy { wait_s } => {
                More { retry_after_s: Some(wait_s), ..More::default() }
            }
            AppError::Unavailable(cause) => More { cause: Some(cause), retry_after_s: Some(5), ..More::default() },
            AppError::Failed(cause) => More { cause: Some(cause), ..More::default() },
            AppError::NotFound | AppError::SignedOut | AppError::KeyReused | AppError::Conflict => More::default(),
        };
        kind.with(more)
    }
}

impl From<gewu_store::StoreError> for Problem {
    fn from(error: gewu_store::StoreError) -> Problem {
        AppError::from(error).into()
    }
}

/// A refusal's status: who asks is wrong, what is asked is wrong, or the moment is.
fn kind_of(rule: Rule) -> &'static Kind {
    match rule {
        Rule::Role
        | Rule::Area
        | Rule::Unit
        | Rule::FilesOrDispatches
        | Rule::HandlesOrJudges
        | Rule::ReturnReceiver
        | Rule::AskerAnswers => REFUSED_WHO,
        Rule::Reason
        | Rule::Note
        | Rule::Class
        | Rule::Units
        | Rule::OutOfSight
        | Rule::Assignment
        | Rule::Photos
        | Rule::NothingChosen
        | Rule::Conditions
        | Rule::TooLong => REFUSED_WHAT,
        Rule::State
        | Rule::Unplaced
        | Rule::AskedAlready
        | Rule::NothingAsked
        | Rule::TooOften
        | Rule::TooLate
        | Rule::TooEarly
        | Rule::WindowPassed
        | Rule::TopLevel
        | Rule::NoOneToAsk
        | Rule::OnSpot
        | Rule::Backstop
        | Rule::Rated
        | Rule::Confidential => REFUSED_NOW,
    }
}

/// A problem document (RFC 9457), as every error of `/api` is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document {
    /// Stable; `urn:gewu:problem:` and the code.
    #[schema(example = "urn:gewu:problem:not_found")]
    r#type: String,
    title: String,
    status: u16,
    /// This case of it, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Stable: what programs test for.
    code: &'static str,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<FieldProblem>,
    /// What is wrong with files offered for publishing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<FileFault>,
    /// The rule that said no.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    /// The step it said no to.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'static str>,
    /// The state the case is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// The steps the rules know in that state, whoever takes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<Vec<&'static str>>,
}

/// What is wrong with one field.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    field: String,
    code: &'static str,
    detail: String,
}

/// What is wrong with one line of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileFault {
    file: String,
    line: Option<u32>,
    field: Option<String>,
    what: String,
    fix: String,
}

impl Problem {
    pub fn document(&self, language: Language) -> Document {
        let say = |zh: &str, en: &str| language.of(zh, en).to_owned();
        Document {
            r#type: self.kind.uri(),
            title: say(self.kind.zh, self.kind.en),
            status: self.kind.status.as_u16(),
            detail: self.more.detail.as_ref().map(|(zh, en)| say(zh, en)),
            code: self.kind.code,
            problems: self
                .more
                .problems
                .iter()
                .map(|one| FieldProblem { field: one.field.clone(), code: one.code, detail: say(&one.zh, &one.en) })
                .collect(),
            faults: self
                .more
                .faults
                .iter()
                .map(|one| FileFault {
                    file: one.file.clone(),
                    line: one.line,
                    field: one.field.clone(),
                    what: say(&one.what_zh, &one.what),
                    fix: say(&one.fix_zh, &one.fix),
                })
                .collect(),
            rule: self.more.refused.as_ref().map(|refused| refused.rule.code()),
            step: self.more.refused.as_ref().map(|refused| refused.step.code()),
            state: self.more.refused.as_ref().map(|refused| refused.state.code()),
            allowed: self.more.refused.as_ref().map(|refused| refused.allowed.iter().map(|step| step.code()).collect()),
        }
    }

    /// One sentence after another: for formats that have no room for more.
    pub fn sentences(&self, language: Language) -> Vec<String> {
        let said: Vec<String> = self
            .more
            .problems
            .iter()
            .map(|one| format!("{}: {}", one.field, language.of(&one.zh, &one.en)))
            .chain(self.more.detail.iter().map(|(zh, en)| language.of(zh, en).to_owned()))
            .collect();
        if said.is_empty() { vec![language.of(self.kind.zh, self.kind.en).to_owned()] } else { said }
    }

    pub(crate) fn log(&self, method: &str, route: &str) {
        let Some(cause) = &self.more.cause else { return };
        let mut chain = vec![cause.to_string()];
        let mut next = cause.source();
        while let Some(error) = next {
            chain.push(error.to_string());
            next = error.source();
        }
        tracing::error!(code = self.kind.code, method, route, cause = chain.join(": "), "a request failed");
    }
}

/// A problem on its way out: `spoken` finds it here and writes it in the caller's language.
#[derive(Clone)]
pub(crate) struct Unspoken(pub Arc<Problem>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = written(&self, Language::default());
        response.extensions_mut().insert(Unspoken(Arc::new(self)));
        response
    }
}

pub(crate) fn written(problem: &Problem, language: Language) -> Response {
    let mut response = (problem.kind.status, Json(problem.document(language))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_code_always_means_the_same_title() {
        for one in KINDS {
            for other in KINDS.iter().filter(|other| other.code == one.code) {
                assert_eq!((one.zh, one.en), (other.zh, other.en), "{}", one.code);
            }
        }
        let codes: BTreeSet<&str> = KINDS.iter().map(|kind| kind.code).collect();
        assert!(codes.iter().all(|code| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
    }

    #[test]
    fn a_cause_never_reaches_the_client() {
        let problem = Problem::from(AppError::Failed("secret path /var/lib/gewu".into()));
        let json = serde_json::to_string(&problem.document(Language::En)).expect("plain data");
        assert!(!json.contains("secret"), "{json}");
    }
}
