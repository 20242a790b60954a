//! A line to the server that can be cut at a chosen moment.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU8, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// When to cut the next commit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Never,
    /// The server never hears of it.
    BeforeCommit,
    /// The server has done it, and its answer does not come through.
    AfterCommit,
}

pub struct Proxy {
    pub port: u16,
    cut: Arc<AtomicU8>,
    is_down: Arc<AtomicBool>,
    _lines: JoinSet<()>,
}

/// A simple query that says `commit`, as it goes over the line.
const COMMIT: &[u8] = b"Q\0\0\0\x0bcommit\0";

impl Proxy {
    pub async fn to(server_port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, is_down) = (Arc::new(AtomicU8::new(Cut::Never as u8)), Arc::new(AtomicBool::new(false)));
        let mut lines = JoinSet::new();
        let (cuts, down) = (cut.clone(), is_down.clone());
        lines.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                if down.load(Ordering::SeqCst) {
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", server_port)).await.unwrap();
                open.spawn(line(client, server, cuts.clone()));
            }
        });
        Proxy { port, cut, is_down, _lines: lines }
    }

    /// The next commit is cut so, once.
    pub fn cut_next(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }

    pub fn has_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst) == Cut::Never as u8
    }

    /// Nobody gets through any more, or everybody again; lines that stand stay.
    pub fn be_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }
}

async fn line(mut client: TcpStream, mut server: TcpStream, cut: Arc<AtomicU8>) {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut is_answer_lost = false;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(bytes @ 1..) = read else { return };
                if up[..bytes].windows(COMMIT.len()).any(|window| window == COMMIT) {
                    if take(&cut, Cut::BeforeCommit) {
                        return;
                    }
                    is_answer_lost = take(&cut, Cut::AfterCommit);
                }
                if server.write_all(&up[..bytes]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut down) => {
                let Ok(bytes @ 1..) = read else { return };
                if is_answer_lost || client.write_all(&down[..bytes]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn take(cut: &AtomicU8, which: Cut) -> bool {
    cut.compare_exchange(which as u8, Cut::Never as u8, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}
