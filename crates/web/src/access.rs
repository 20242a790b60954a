//! Who may use which route: one table, asked before any handler runs.
//!
//! A route that is not in [`TABLE`] answers nobody. What lies behind a route is judged again where the thing itself is
//! known (a case's area, a unit's part): that is `app`'s and `domain`'s. Start at [`TABLE`] and [`authorize`].

use crate::{
    Web, gate,
    limits::Kind,
    problem::{CSRF, FAILED, FORBIDDEN, METHOD, MUST_CHANGE, MUST_ENROL, NOT_FOUND, Problem, SIGNED_OUT},
    session,
};
use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use gewu_app::{AppError, Caller, Identity, people::sign_in::Signed};
use gewu_domain::people::Role;
use std::sync::Arc;

/// Who may knock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody; whoever says who they are is known.
    Public,
    /// The holder of a case's receipt: `Authorization: Receipt NUMBER:CODE`.
    Receipt,
    /// Whoever is signed in, in a post or not.
    SignedIn,
    /// Somebody acting in a post.
    Staff,
    /// Somebody acting in a post, or an API key with this scope.
    StaffOr(&'static str),
    /// Somebody acting in a post, or the holder of a receipt.
    StaffOrReceipt,
    /// An administrator, or an API key with the scope `admin`.
    Administrator,
    /// An auditor or an administrator, or an API key with the scope `admin`.
    Auditor,
    /// An API key with this scope. The key travels in the form (Open311), so the handler asks for it.
    Key(&'static str),
}

/// One route.
#[derive(Debug, Clone)]
pub struct Row {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
}

macro_rules! table {
    ($($method:ident $path:literal $access:expr;)*) => {
        /// Every route there is.
        pub const TABLE: &[Row] = &[$(Row { method: Method::$method, path: $path, access: $access }),*];
    };
}

use Access::{Administrator, Auditor, Key, Public, Receipt, SignedIn, Staff, StaffOr, StaffOrReceipt};

table! {
    GET "/healthz" Public;
    GET "/readyz" Public;
    GET "/api/openapi.json" Public;

    GET "/api/v1/areas" Public;
    POST "/api/v1/areas/locate" Public;
    GET "/api/v1/areas/tree" Public;
    GET "/api/v1/areas/{code}" Public;
    GET "/api/v1/areas/{code}/children" Public;
    GET "/api/v1/areas/{code}/shape" Public;
    GET "/api/v1/audit" Auditor;
    GET "/api/v1/calendars" Public;
    GET "/api/v1/calendars/{id}" Public;
    GET "/api/v1/cases" StaffOr("read");
    POST "/api/v1/cases" Public;
    GET "/api/v1/cases/number/{number}" StaffOr("read");
    GET "/api/v1/cases/public" Public;
    GET "/api/v1/cases/{region}/{id}" StaffOr("read");
    POST "/api/v1/cases/{region}/{id}/contacts/{field}/looks" Staff;
    GET "/api/v1/cases/{region}/{id}/photos/{digest}" Public;
    POST "/api/v1/cases/{region}/{id}/steps" StaffOrReceipt;
    GET "/api/v1/catalogue" Public;
    GET "/api/v1/catalogue/classes/{code}" Public;
    GET "/api/v1/catalogue/search" Public;
    GET "/api/v1/clients" Administrator;
    POST "/api/v1/clients" Administrator;
    DELETE "/api/v1/clients/{id}" Administrator;
    POST "/api/v1/erasures" Administrator;
    GET "/api/v1/events" StaffOr("read");
    GET "/api/v1/inbox" Staff;
    POST "/api/v1/passwords" Administrator;
    GET "/api/v1/people" StaffOr("admin");
    POST "/api/v1/people" Administrator;
    DELETE "/api/v1/people/{id}" Administrator;
    GET "/api/v1/people/{id}/posts" StaffOr("admin");
    POST "/api/v1/photos" Public;
    GET "/api/v1/policy" Public;
    POST "/api/v1/posts" Administrator;
    DELETE "/api/v1/posts/{id}" Administrator;
    GET "/api/v1/publications" Administrator;
    POST "/api/v1/publications" Administrator;
    GET "/api/v1/publications/{kind}/{version}" Administrator;
    GET "/api/v1/session" SignedIn;
    POST "/api/v1/session" Public;
    DELETE "/api/v1/session" SignedIn;
    PUT "/api/v1/session/password" SignedIn;
    PUT "/api/v1/session/post" SignedIn;
    GET "/api/v1/session/totp" SignedIn;
    POST "/api/v1/session/totp" SignedIn;
    PUT "/api/v1/session/totp" SignedIn;
    POST "/api/v1/session/totp/removal" SignedIn;
    GET "/api/v1/sessions" SignedIn;
    DELETE "/api/v1/sessions/others" SignedIn;
    GET "/api/v1/status" Receipt;
    DELETE "/api/v1/status" Receipt;
    GET "/api/v1/tiles/areas/{z}/{x}/{y}" Public;
    GET "/api/v1/tiles/cases/{z}/{x}/{y}" StaffOr("read");
    GET "/api/v1/units" Public;
    GET "/api/v1/units/{code}" Public;

    GET "/open311/discovery.json" Public;
    GET "/open311/discovery.xml" Public;
    GET "/open311/v2/discovery.json" Public;
    GET "/open311/v2/discovery.xml" Public;
    GET "/open311/v2/requests" Public;
    POST "/open311/v2/requests" Key("report");
    GET "/open311/v2/requests.json" Public;
    POST "/open311/v2/requests.json" Key("report");
    GET "/open311/v2/requests.xml" Public;
    POST "/open311/v2/requests.xml" Key("report");
    GET "/open311/v2/requests/{id}" Public;
    GET "/open311/v2/services" Public;
    GET "/open311/v2/services.json" Public;
    GET "/open311/v2/services.xml" Public;
    GET "/open311/v2/services/{id}" Public;
    GET "/open311/v2/tokens/{id}" Public;
}

impl Access {
    /// # Errors
    /// Why not: nobody is known (401), or it is not theirs (403).
    fn admits(self, caller: &Caller) -> Result<(), Problem> {
        let holds_scope = |scope: &str| match &caller.identity {
            Identity::Client { scopes, .. } if scopes.iter().any(|held| held == scope) => Ok(()),
            Identity::Client { .. } => {
                Err(FORBIDDEN.because(format!("这个密钥没有 {scope} 权限"), format!("the key lacks the scope {scope}")))
            }
            _ => Err(Problem::from(SIGNED_OUT)),
        };
        let is_client = matches!(caller.identity, Identity::Client { .. });
        let staff = || caller.staff().map(|_| ()).map_err(Problem::from);
        match self {
            Access::Public | Access::Key(_) => Ok(()),
            Access::Receipt => match caller.identity {
                Identity::Reporter { .. } => Ok(()),
                Identity::Public => Err(SIGNED_OUT.because(
                    "请带上编号和查询码：Authorization: Receipt 编号:查询码",
                    "send number and code: Authorization: Receipt NUMBER:CODE",
                )),
                _ => Err(FORBIDDEN.into()),
            },
            Access::SignedIn => match caller.identity {
                Identity::Staff { .. } | Identity::Postless { .. } => Ok(()),
                Identity::Public => Err(SIGNED_OUT.into()),
                _ => Err(FORBIDDEN.into()),
            },
            Access::Staff if is_client => Err(FORBIDDEN.into()),
            Access::Staff => staff(),
            Access::StaffOr(scope) if is_client => holds_scope(scope),
            Access::StaffOr(_) => staff(),
            Access::StaffOrReceipt if is_client => Err(FORBIDDEN.into()),
            Access::StaffOrReceipt if matches!(caller.identity, Identity::Reporter { .. }) => Ok(()),
            Access::StaffOrReceipt => staff(),
            Access::Administrator => caller.administrator().map_err(Problem::from),
            Access::Auditor if caller.role() == Some(Role::Auditor) => Ok(()),
            Access::Auditor => caller.administrator().map_err(Problem::from),
        }
    }
}

/// Whoever stands at the door, as far as they said.
#[derive(Debug, Clone)]
pub struct Who(pub Caller);

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Who, Problem> {
        // Every route passes `authorize`, which leaves the caller here.
        parts.extensions.get::<Who>().cloned().ok_or_else(|| FAILED.into())
    }
}

/// The session of the caller, on routes for people who are signed in.
#[derive(Debug, Clone)]
pub struct Session(pub Arc<Signed>);

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Session, Problem> {
        parts.extensions.get::<Session>().cloned().ok_or_else(|| SIGNED_OUT.into())
    }
}

/// Lets a request through to its handler, or says why not. What was refused, here or behind, is noted.
pub async fn authorize(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let admitted = admit(&web, &mut parts).await;
    let (method, route) = (parts.method.clone(), parts.extensions.get::<MatchedPath>().cloned());
    let what = || format!("{method} {}", route.as_ref().map_or("", MatchedPath::as_str));
    match admitted {
        Ok(()) => {
            let who = parts.extensions.get::<Who>().cloned();
            let response = next.run(Request::from_parts(parts, body)).await;
            if let Some(Who(caller)) = who.filter(|_| is_refusal(response.status())) {
                web.app.note_refusal(&caller, &what()).await;
            }
            response
        }
        Err(Turned::Away(problem)) => {
            let response = problem.into_response();
            if is_refusal(response.status()) {
                let caller = parts.extensions.remove::<Who>();
                let caller = caller.map_or_else(|| Caller::public(gate::origin_of(&parts)), |Who(caller)| caller);
                web.app.note_refusal(&caller, &what()).await;
            }
            response
        }
        Err(Turned::Method(allow)) => {
            let mut response = Problem::from(METHOD).into_response();
            response.headers_mut().insert(header::ALLOW, allow);
            response
        }
    }
}

fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

enum Turned {
    Away(Problem),
    /// The route knows other methods: these.
    Method(HeaderValue),
}

impl<E: Into<Problem>> From<E> for Turned {
    fn from(problem: E) -> Turned {
        Turned::Away(problem.into())
    }
}

async fn admit(web: &Web, parts: &mut Parts) -> Result<(), Turned> {
    if parts.uri.path_and_query().is_some_and(|asked| asked.as_str().contains("%00")) {
        return Err(crate::extract::nul().into());
    }
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method.clone() };
    let rows = TABLE.iter().filter(|row| row.path == route);
    let Some(row) = rows.clone().find(|row| row.method == method) else {
        let methods: Vec<&str> = rows.map(|row| row.method.as_str()).collect();
        if methods.is_empty() {
            tracing::error!(route, "a route is not in the table of access, so nobody may use it");
            return Err(FAILED.into());
        }
        return Err(Turned::Method(HeaderValue::from_str(&methods.join(", ")).map_err(|_| FAILED)?));
    };
    web.gate.note_origin(&parts.headers, &mut parts.extensions);
    let origin = gate::origin_of(parts);
    let changes = !method.is_safe();
    let (caller, signed) = credentials(web, parts, &origin, row.access).await?;
    if let Err(refused) = row.access.admits(&caller) {
        parts.extensions.insert(Who(caller));
        return Err(refused.into());
    }
    if let Some(signed) = signed {
        let token = parts.headers.get(session::CSRF_HEADER).and_then(|token| token.to_str().ok()).unwrap_or_default();
        if changes && row.access != Access::Public && !session::csrf_fits(&signed, token) {
            return Err(CSRF.into());
        }
        if changes && row.access == Access::Public && !session::csrf_fits(&signed, token) {
            // Another site may make a browser send this cookie: without the token it is nobody's.
            parts.extensions.insert(Who(Caller::public(origin.clone())));
            return Ok(limit(web, Kind::Write, &origin)?);
        }
        if signed.must_change && !route.starts_with("/api/v1/session") && row.access != Access::Public {
            return Err(MUST_CHANGE.into());
        }
        if signed.must_enrol && !route.starts_with("/api/v1/session") && row.access != Access::Public {
            return Err(MUST_ENROL.into());
        }
        parts.extensions.insert(Session(Arc::new(signed)));
    }
    let asks_for_key = matches!(row.access, Access::Key(_));
    if changes && !asks_for_key && matches!(caller.identity, Identity::Public | Identity::Reporter { .. }) {
        limit(web, Kind::Write, &origin)?;
    }
    if !changes && !UNCOUNTED.contains(&route) {
        match &caller.identity {
            Identity::Public | Identity::Reporter { .. } => limit(web, Kind::Read, &origin)?,
            Identity::Client { client, .. } => limit(web, Kind::Read, &client.to_string())?,
            Identity::Staff { .. } | Identity::Postless { .. } | Identity::System => {}
        }
    }
    if let Some(payer) = caller.payer() {
        parts.extensions.insert(gate::Payer(payer.into()));
    }
    parts.extensions.insert(Who(caller));
    Ok(())
}

/// Asked by whoever watches the machine, as often as they like, and cheap.
const UNCOUNTED: [&str; 2] = ["/healthz", "/readyz"];

/// Takes a token from the caller's bucket.
///
/// # Errors
/// 429 with the seconds to wait.
pub fn limit(web: &Web, kind: Kind, origin: &str) -> Result<(), Problem> {
    Ok(web.gate.take(&web.app, kind, origin)?)
}

/// Who the request says it comes from: a key, a receipt or a session, in this order.
async fn credentials(
    web: &Web,
    parts: &Parts,
    origin: &str,
    access: Access,
) -> Result<(Caller, Option<Signed>), Problem> {
    if let Some(given) = parts.headers.get(header::AUTHORIZATION) {
        let given = given.to_str().unwrap_or_default();
        let (scheme, secret) = given.split_once(' ').unwrap_or((given, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok((client(web, secret.trim(), origin).await?, None));
        }
        if scheme.eq_ignore_ascii_case("receipt") {
            let (number, code) = secret.split_once(':').ok_or(NOT_FOUND)?;
            let trying = web.app.receipt_holder(number, code);
            let (holder, _) = web.gate.try_secret(&web.app, origin, trying).await?;
            return Ok((Caller { origin: origin.to_owned(), ..holder }, None));
        }
        return Err(SIGNED_OUT.because(
            "Authorization 应为 Bearer 密钥，或 Receipt 编号:查询码",
            "Authorization is Bearer KEY, or Receipt NUMBER:CODE",
        ));
    }
    if session::cookie_secret(&parts.headers).is_none() {
        return Ok((Caller::public(origin), None));
    }
    match session::signed(&web.app, parts).await {
        Ok(signed) => Ok((signed.caller.clone(), Some(signed))),
        Err(AppError::SignedOut) if access == Access::Public => Ok((Caller::public(origin), None)),
        Err(error) => Err(error.into()),
    }
}

/// Who calls with this API key. A wrong one costs a token of its neighbourhood.
///
/// # Errors
/// 401 for an unknown key, 403 for a revoked one, 429.
pub async fn client(web: &Web, key: &str, origin: &str) -> Result<Caller, Problem> {
    match web.app.client(key, origin).await {
        Ok(caller) => Ok(caller),
        Err(AppError::SignedOut) => {
            limit(web, Kind::Secret, origin)?;
            Err(SIGNED_OUT.because("没有这个密钥", "there is no such key"))
        }
        Err(error) => Err(error.into()),
    }
}
