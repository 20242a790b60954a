//! A served city in a directory of its own, and somebody to talk to it.

use gewu_domain::people::Role;
use gewu_sim::town::Town;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

pub const PASSWORD: &str = "correct horse battery";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    Sqlite,
    Postgres,
}

/// A city set up by the binary's own commands.
pub struct House {
    pub dir: tempfile::TempDir,
    pub database: Option<String>,
    pub town: Town,
    served: Option<Child>,
    address: String,
    agent: ureq::Agent,
}

/// Somebody signed in.
pub struct Desk {
    cookie: String,
    csrf: String,
}

impl House {
    pub fn set_up(keeper: Keeper) -> House {
        let house = House::empty(keeper);
        house.told(&["init"]);
        let areas = format!("areas={}", house.file("areas.csv", &house.town.areas_csv));
        let shapes = format!("shapes={}", house.file("shapes.geojson", &house.town.shapes_geojson));
        let units = format!("units={}", house.file("units.csv", &house.town.units_csv));
        house.told(&["import", "data", &areas, &shapes, &units]);
        house
    }

    /// A place where nothing is yet.
    pub fn empty(keeper: Keeper) -> House {
        let dir = tempfile::tempdir().unwrap();
        let database = (keeper == Keeper::Postgres).then(make_database);
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        House { dir, database, town: Town::tiny(1), served: None, address: String::new(), agent }
    }

    /// Writes a file beside the city; gives its path.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// The rows of a query of one column, as text.
    pub fn rows(&self, query: &str) -> Vec<String> {
        match &self.database {
            Some(database) => sql(database, query).lines().map(str::to_owned).collect(),
            None => {
                let record = rusqlite::Connection::open(self.data().join("record").join(gewu_store_sqlite::FILE));
                let record = record.unwrap();
                let mut query = record.prepare(query).unwrap();
                query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            }
        }
    }

    /// Changes the database behind the city's back, with no regard to what its rows refer to.
    pub fn tamper(&self, statement: &str) {
        match &self.database {
            Some(database) => drop(sql(database, statement)),
            None => {
                let record = rusqlite::Connection::open(self.data().join("record").join(gewu_store_sqlite::FILE));
                record.unwrap().execute_batch(&format!("pragma foreign_keys = off; {statement}")).unwrap();
            }
        }
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("city")
    }

    /// Opens an account with one post like that of the town's n-th holder of a role.
    pub fn employ(&self, login: &str, role: Role, unit: Option<&str>) {
        let fits = |unit_code: &str| unit.is_none_or(|unit| unit == unit_code);
        let member =
            self.town.people.iter().find(|member| member.post.role == role && fits(member.post.unit.as_str())).unwrap();
        let unit = member.post.unit.to_string();
        let output = self.run_with(&["user", "add", login, "--name", &member.name, "--unit", &unit], &[PASSWORD]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.told(&[
            "user",
            "post",
            login,
            "--role",
            role.code(),
            "--unit",
            &unit,
            "--area",
            member.post.area.as_str(),
        ]);
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.run_with(args, &[])
    }

    pub fn run_with(&self, args: &[&str], lines: &[&str]) -> Output {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        for line in lines {
            writeln!(input, "{line}").unwrap();
        }
        drop(input);
        child.wait_with_output().unwrap()
    }

    /// Runs a command that must succeed; gives what it printed.
    pub fn told(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "gewu {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        self.command_in(&self.data(), args)
    }

    pub fn command_in(&self, data: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gewu"));
        command.arg("--data").arg(data).args(args).env("GEWU_LOG", "warn");
        if let Some(database) = &self.database {
            command.arg("--database").arg(database);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Serves on a free port of loopback.
    pub fn serve(&mut self) {
        self.serve_with(&[], &[]);
    }

    /// Serves with more arguments and with these variables set.
    pub fn serve_with(&mut self, args: &[&str], variables: &[(&str, &str)]) {
        self.serve_logged(args, variables, Stdio::inherit());
    }

    /// Serves with its log going somewhere.
    pub fn serve_logged(&mut self, args: &[&str], variables: &[(&str, &str)], log: Stdio) {
        let mut command = self.command(&[&["serve", "--listen", "127.0.0.1:0"], args].concat());
        let mut child = command.envs(variables.iter().copied()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.find_map(|line| line.unwrap().split_once("http://").map(|(_, address)| address.to_owned()));
        self.address = format!("http://{}", said.expect("it says where it listens"));
        self.served = Some(child);
        // Keep reading, so that the server never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
    }

    /// Kills the server where it stands, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.served.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub fn get(&self, path: &str, desk: Option<&Desk>) -> (u16, Value) {
        let mut request = self.agent.get(format!("{}{path}", self.address));
        if let Some(desk) = desk {
            request = request.header("cookie", &desk.cookie);
        }
        read(request.call())
    }

    /// What another system is given for its API key.
    pub fn get_by_key(&self, path: &str, key: &str) -> (u16, Value) {
        let request = self.agent.get(format!("{}{path}", self.address));
        read(request.header("authorization", format!("Bearer {key}")).call())
    }

    /// What the holder of a receipt is shown.
    pub fn status(&self, receipt: &Value) -> (u16, Value) {
        let (number, code) = (receipt["number"].as_str().unwrap(), receipt["code"].as_str().unwrap());
        let request = self.agent.get(format!("{}/api/v1/status", self.address));
        read(request.header("authorization", format!("Receipt {number}:{code}")).call())
    }

    pub fn post(&self, path: &str, desk: Option<&Desk>, key: Option<&str>, body: &Value) -> (u16, Value) {
        let mut request = self.agent.post(format!("{}{path}", self.address)).header("content-type", "application/json");
        if let Some(desk) = desk {
            request = request.header("cookie", &desk.cookie).header("x-csrf-token", &desk.csrf);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        read(request.send(body.to_string()))
    }

    pub fn upload(&self, bytes: &[u8]) -> (u16, Value) {
        self.upload_as(None, bytes)
    }

    pub fn upload_as(&self, desk: Option<&Desk>, bytes: &[u8]) -> (u16, Value) {
        let mut request =
            self.agent.post(format!("{}/api/v1/photos", self.address)).header("content-type", "image/jpeg");
        if let Some(desk) = desk {
            request = request.header("cookie", &desk.cookie).header("x-csrf-token", &desk.csrf);
        }
        read(request.send(bytes))
    }

    /// What an address gives the holder of a receipt, as bytes.
    pub fn bytes(&self, path: &str, receipt: &Value) -> (u16, Vec<u8>) {
        let (number, code) = (receipt["number"].as_str().unwrap(), receipt["code"].as_str().unwrap());
        let request = self.agent.get(format!("{}{path}", self.address));
        let mut answer = request.header("authorization", format!("Receipt {number}:{code}")).call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_vec().unwrap())
    }

    /// Sends a page's form, with or without the token it should carry; gives the status.
    pub fn form(&self, path: &str, desk: Option<&Desk>, has_token: bool, site: &str) -> u16 {
        let mut request = self.agent.post(format!("{}{path}", self.address)).header("sec-fetch-site", site);
        request = request.header("content-type", "application/x-www-form-urlencoded");
        if let Some(desk) = desk {
            request = request.header("cookie", &desk.cookie);
        }
        let token = desk.filter(|_| has_token).map_or(String::new(), |desk| format!("csrf={}", desk.csrf));
        request.config().max_redirects(0).build().send(token).unwrap().status().as_u16()
    }

    /// Sends a page's form of somebody who is not signed in; gives the status and the page.
    pub fn fill_in(&self, path: &str, fields: &str) -> (u16, String) {
        let request = self.agent.post(format!("{}{path}", self.address)).header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let mut answer = request.config().max_redirects(0).build().send(fields).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    /// The cookie that signing in sets, with its flags.
    pub fn cookie_of(&self, login: &str) -> String {
        let body = json!({ "login": login, "password": PASSWORD });
        let request =
            self.agent.post(format!("{}/api/v1/session", self.address)).header("content-type", "application/json");
        let answer = request.send(body.to_string()).unwrap();
        answer.headers().get("set-cookie").unwrap().to_str().unwrap().to_owned()
    }

    /// Signs in, choosing a password of one's own the first time.
    pub fn sign_in(&self, login: &str) -> Desk {
        self.sign_in_by(login, PASSWORD)
    }

    /// Signs in somebody who was given this password, choosing one of one's own the first time.
    pub fn sign_in_by(&self, login: &str, given: &str) -> Desk {
        let own = format!("{PASSWORD} and a battery of one's own");
        for password in [own.as_str(), given] {
            let body = json!({ "login": login, "password": password });
            let request =
                self.agent.post(format!("{}/api/v1/session", self.address)).header("content-type", "application/json");
            let mut answer = request.send(body.to_string()).unwrap();
            if !answer.status().is_success() {
                continue;
            }
            let cookie = answer.headers().get("set-cookie").unwrap().to_str().unwrap();
            let cookie = cookie.split(';').next().unwrap().to_owned();
            let session: Value = answer.body_mut().read_json().unwrap();
            let desk = Desk { cookie, csrf: session["csrf_token"].as_str().unwrap().to_owned() };
            if session["must_change"] == json!(true) {
                let change = json!({ "present": password, "new": own });
                let request = self
                    .agent
                    .put(format!("{}/api/v1/session/password", self.address))
                    .header("content-type", "application/json")
                    .header("cookie", &desk.cookie)
                    .header("x-csrf-token", &desk.csrf);
                let (status, answer) = read(request.send(change.to_string()));
                assert!((200..300).contains(&status), "{answer}");
                return self.sign_in_by(login, given);
            }
            return desk;
        }
        panic!("{login} cannot sign in");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.kill();
    }
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> (u16, Value) {
    match answer {
        Ok(mut answer) => {
            let text = answer.body_mut().read_to_string().unwrap();
            (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
        }
        // The server was killed under the request: no answer is an answer here.
        Err(_) => (0, Value::Null),
    }
}

/// A fresh database on the server the tests were given.
pub fn make_database() -> String {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let server = std::env::var("GEWU_TEST_POSTGRES").expect("GEWU_TEST_POSTGRES names a PostgreSQL server for tests");
    let no = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let name = format!("gewu_whole_{}_{no}", std::process::id());
    sql(&server, &format!("create database {name}"));
    let (server, options) = server
        .split_once('?')
        .map_or((server.as_str(), String::new()), |(server, options)| (server, format!("?{options}")));
    match server.rsplit_once('/') {
        Some((host, _)) if host.contains("//") && !host.ends_with('/') => format!("{host}/{name}{options}"),
        _ => format!("{server}/{name}{options}"),
    }
}

/// Runs one statement by PostgreSQL's own client.
pub fn sql(database: &str, statement: &str) -> String {
    let output = Command::new("psql").args(["-X", "-q", "-A", "-t", "-d", database, "-c", statement]).output().unwrap();
    assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
