//! The live stream: what changes within the areas and units the caller may see, as server-sent events.
//!
//! It tells that something changed, never what somebody wrote; whoever wants the case reads it. Nothing is kept for
//! listeners: one that was away is told so by an event `lag` and reads its list anew. Whoever may listen no more, because a
//! key was revoked or a session or the last post ended, hears nothing after a second.

use crate::{
    Web,
    access::Who,
    problem::{Document, Problem, SIGNED_OUT},
    session,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{
        IntoResponse,
        sse::{Event as Message, Sse},
    },
};
use futures_util::stream;
use gewu_app::{Caller, Event};
use std::{convert::Infallible, time::Duration};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(listen))
}

/// A key that is revoked, or a session that ends, loses its stream after this.
const WATCH: Duration = Duration::from_secs(1);

/// What the listener came with; the stream ends with it.
enum Proof {
    Session(String),
    Key(String),
}

impl Proof {
    fn of(headers: &HeaderMap, caller: &Caller) -> Option<Proof> {
        if caller.person().is_some() {
            return session::cookie_secret(headers).map(|secret| Proof::Session(secret.to_owned()));
        }
        let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        given.split_once(' ').map(|(_, key)| Proof::Key(key.trim().to_owned()))
    }
}

struct Listener {
    web: Web,
    caller: Caller,
    proof: Proof,
    events: Receiver<Event>,
    heartbeat: Interval,
    /// When to ask again whether the proof holds.
    watch: Interval,
    /// Told first.
    greeting: Option<Message>,
}

/// Listens. `event: change` with a case that changed; `event: lag` when changes were missed: read your list anew.
///
/// A comment is sent when nothing happens for a while. The stream ends with the session.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", security(("session" = []), ("key" = [])),
    params(("last-event-id" = Option<String>, Header, description = "sent by browsers that come back; they are told that they lag")),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = "4XX", description = "why not", body = Document, content_type = "application/problem+json")))]
async fn listen(State(web): State<Web>, Who(caller): Who, headers: HeaderMap) -> Result<impl IntoResponse, Problem> {
    let [heartbeat, watch] = [Duration::from_secs(web.settings.heartbeat_s.max(1)), WATCH].map(|every| {
        let mut ticks = interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    });
    let proof = Proof::of(&headers, &caller).ok_or(SIGNED_OUT)?;
    let greeting = match headers.get("last-event-id").and_then(|id| id.to_str().ok()) {
        Some(_) => lag("changes since then were not kept"),
        None => Message::default().comment("listening"),
    };
    let listener =
        Listener { events: web.app.events(), proof, web, caller, heartbeat, watch, greeting: Some(greeting) };
    let messages = stream::unfold(listener, |mut listener| async {
        let message = listener.next().await?;
        Some((Ok::<_, Infallible>(message), listener))
    });
    // Proxies must not wait for more before they pass an event on.
    Ok(([(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))], Sse::new(messages)))
}

impl Listener {
    /// The next message; `None` when the session has ended.
    async fn next(&mut self) -> Option<Message> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            tokio::select! {
                // Asked first, however much there is to hear.
                biased;
                _ = self.watch.tick() => self.check().await?,
                event = self.events.recv() => match event {
                    Ok(event) if self.hears(&event) => return Some(message(&event)),
                    Ok(_) => {}
                    Err(RecvError::Lagged(missed)) => return Some(lag(&format!("{missed} changes were missed"))),
                    Err(RecvError::Closed) => return None,
                },
                _ = self.heartbeat.tick() => return Some(Message::default().comment("alive")),
            }
        }
    }

    fn hears(&self, event: &Event) -> bool {
        self.web.app.snapshot().is_ok_and(|snapshot| self.caller.hears(event, &snapshot.city.areas))
    }

    /// Knows the caller anew: a key may have been revoked, a session may have ended and a post changed since. Keeps no
    /// session from going idle.
    async fn check(&mut self) -> Option<()> {
        let origin = &self.caller.origin;
        let caller = match &self.proof {
            Proof::Session(secret) => self.web.app.still_signed(secret, origin).await.map(|signed| signed.caller),
            Proof::Key(key) => self.web.app.still_client(key, origin).await,
        };
        self.caller = caller.ok()?;
        (self.caller.staff().is_ok() || self.caller.scope("read").is_ok()).then_some(())
    }
}

fn message(event: &Event) -> Message {
    let id = format!("{}-{}", event.case, event.version);
    let data = serde_json::json!({
        "region": event.region.to_string(),
        "case": event.case,
        "version": event.version,
        "at": event.at,
        "did": event.did,
        "state": event.state,
    });
    Message::default().event("change").id(id).data(data.to_string())
}

fn lag(why: &str) -> Message {
    Message::default().event("lag").data(serde_json::json!({ "why": why, "do": "read your list anew" }).to_string())
}
