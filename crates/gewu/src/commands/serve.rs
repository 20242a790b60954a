//! `gewu serve`: all doors on one address, and the jobs that run by themselves.

use crate::{
    args::{Place, Serve},
    commands::{clock, photos},
    connections, private, wiring,
};
use anyhow::{Context, Result};
use gewu_app::App;
use gewu_web::gate::Gate;
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::oneshot};

/// How long requests under way may take to finish once the process is told to stop; a page that listens to the live
/// stream never does.
const GRACE: Duration = Duration::from_millis(600);

pub async fn run(place: &Place, serve: Serve) -> Result<()> {
    let listener = listen(&serve)?;
    let app = Arc::new(wiring::open(place, serve.app()).await?);
    clock::ask_at_start(&app).await?;
    serve_on(listener, app, place, &serve, Vec::new()).await
}

/// Takes the address, so that a start that cannot succeed fails at once.
pub fn listen(serve: &Serve) -> Result<TcpListener> {
    connections::listen(serve.listen).with_context(|| {
        format!(
            "无法监听 {}：地址被占用？用 --listen 换一个 · cannot listen there: in use? choose another with --listen",
            serve.listen
        )
    })
}

/// Serves until the process is told to stop; requests under way are finished first.
pub async fn serve_on(
    listener: TcpListener,
    app: Arc<App>,
    place: &Place,
    serve: &Serve,
    accounts: Vec<gewu_ui::DemoAccount>,
) -> Result<()> {
    let folder = place.data.join("incoming");
    private::folder(&folder)?;
    let settings = gewu_web::Settings { folder, ..serve.web() };
    let gate = Gate::new(&settings);
    let pages = gewu_ui::routes(app.clone(), accounts, gate.clone());
    let router = gewu_web::routes(app.clone(), settings, gate).merge(pages);
    println!("格物 Gewu → http://{}", listener.local_addr()?);
    let jobs = [tokio::spawn(tick(app.clone())), tokio::spawn(follow(app.clone())), tokio::spawn(sweep(app))];
    let (stop, told) = oneshot::channel::<()>();
    let serving = connections::serve(listener, router, connections::HEAD_WITHIN, async { drop(told.await) });
    let ending = async {
        stopped().await;
        drop(stop);
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = serving => {}
        () = ending => {}
    }
    jobs.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}

/// Runs the jobs every five seconds; a failing round is told in the log and tried again.
async fn tick(app: Arc<App>) {
    let mut round = tokio::time::interval(Duration::from_secs(5));
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut doubted = app.doubt().map(|doubt| doubt.code());
    loop {
        round.tick().await;
        if let Err(error) = app.keyring.reload() {
            tracing::error!(error = &error as &dyn std::error::Error, "the key file was not read again");
        }
        if let Err(error) = app.tick().await {
            tracing::error!(error = &error as &dyn std::error::Error, "a job failed and will be tried again");
        }
        let doubt = app.doubt();
        let code = doubt.map(|doubt| doubt.code());
        if std::mem::replace(&mut doubted, code) != code {
            match doubt {
                Some(doubt) => tracing::warn!("{}", doubt.en()),
                None => tracing::info!("the clock is believed again"),
            }
        }
    }
}

/// Takes over what another process published, and a new day's areas, within a second.
async fn follow(app: Arc<App>) {
    let mut round = tokio::time::interval(Duration::from_secs(1));
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_failing = false;
    loop {
        round.tick().await;
        match app.refresh().await {
            Ok(false) => is_failing = false,
            Ok(true) => {
                is_failing = false;
                tracing::info!("what is published was loaded anew");
            }
            // Told once, not every second.
            Err(error) if !is_failing => {
                is_failing = true;
                tracing::error!(error = &error as &dyn std::error::Error, "what is published was not loaded anew");
            }
            Err(_) => {}
        }
    }
}

/// Sweeps photos nobody named, once a day from the start on.
async fn sweep(app: Arc<App>) {
    let mut round = tokio::time::interval(Duration::from_hours(24));
    loop {
        round.tick().await;
        while app.doubt().is_some() {
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
        match photos::sweep(&app, false).await {
            Ok(swept) if swept.orphans.is_empty() => {}
            Ok(swept) => tracing::info!(files = swept.orphans.len(), "photos that no case named were removed"),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the sweep of photos failed and waits a day");
            }
        }
    }
}

async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
            interrupted.await.ok();
            return;
        };
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        }
    }
    #[cfg(not(unix))]
    interrupted.await.ok();
}
