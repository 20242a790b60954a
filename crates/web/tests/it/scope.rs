//! How far a right reaches: a post or key of one county administers that county and nothing beside it.

use crate::{
    cases::HERE,
    support::{House, Knocker},
};
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use gewu_app::{
    AppError, Caller, Identity,
    cases::{CaseAddress, report::NewReport},
    city::{Draft, Kind, Publishing},
    people::{
        accounts::{NewPerson, NewPost},
        sign_in::Attempt,
    },
};
use gewu_domain::{
    ids::{AreaCode, PersonId, PostId, UnitCode},
    people::{Post, Role},
};
use gewu_store::Page;
use serde_json::json;
use std::collections::BTreeMap;

const CITY: &str = "780100000000";
const EAST: &str = "780101000000";
const WEST: &str = "780102000000";
const PASSWORD: &str = "moving harbour lantern";

/// Who (across) may do what (down): 是 yes, 否 no. 东县 is the county of the town, 西县 the one beside it.
const TABLE: &str = "
                            市管理员 东县管理员 东县街道管理员 西县管理员 市审计员 东县审计员 东县值班长 市密钥 东县密钥 东县只读密钥
在市级单位开账户              是     否      否         否       否     否      否      是    否    否
在东县单位开账户              是     是      否         否       否     否      否      是    是    否
在西县单位开账户              是     否      否         是       否     否      否      是    否    否
给东县的人东县岗位            是     是      否         否       否     否      否      是    是    否
给东县的人全市岗位            是     否      否         否       否     否      否      是    否    否
给东县的人西县岗位            是     否      否         否       否     否      否      是    否    否
给市级的人东县岗位            是     否      否         否       否     否      否      是    否    否
给东县的人市级单位的岗位      是     否      否         否       否     否      否      是    否    否
结束东县岗位                  是     是      否         否       否     否      否      是    是    否
结束全市岗位                  是     否      否         否       否     否      否      是    否    否
重设东县的人的密码            是     是      否         否       否     否      否      是    是    否
重设东县兼全市岗位的人的密码  是     否      否         否       否     否      否      是    否    否
重设西县的人的密码            是     否      否         是       否     否      否      是    否    否
撤销东县的人的第二因素        是     是      否         否       否     否      否      是    是    否
撤销东县兼全市岗位的人的第二因素 是  否      否         否       否     否      否      是    否    否
抹去东县的人                  是     是      否         否       否     否      否      是    是    否
抹去东县兼全市岗位的人        是     否      否         否       否     否      否      是    否    否
看东县的人的岗位              是     是      否         否       否     否      否      是    是    否
看西县的人的岗位              是     否      否         是       否     否      否      是    否    否
发东县密钥                    是     是      否         否       否     否      否      是    是    否
发西县密钥                    是     否      否         是       否     否      否      是    否    否
收回东县密钥                  是     是      否         否       否     否      否      是    是    否
收回全市密钥                  是     否      否         否       否     否      否      是    否    否
发布东县网格的改动            是     是      否         否       否     否      否      是    是    否
发布西县网格的改动            是     否      否         是       否     否      否      是    否    否
发布两县的改动                是     否      否         否       否     否      否      是    否    否
发布东县自己那一行的改动      是     否      否         否       否     否      否      是    否    否
发布东县单位的改动            是     是      否         否       否     否      否      是    是    否
发布西县单位的改动            是     否      否         是       否     否      否      是    否    否
发布政策                      是     否      否         否       否     否      否      是    否    否
抹去东县案件里的个人信息      是     是      否         否       否     否      否      是    是    否
抹去西县案件里的个人信息      是     否      否         是       否     否      否      是    否    否
看审计记录                    是     是      是         是       是     是      否      是    是    否
看已发布的文件                是     是      是         是       否     否      否      是    是    否
";

/// The town, with a second county in which there are a centre and one grid.
struct Counties {
    house: House,
    no: std::sync::atomic::AtomicU32,
}

impl Counties {
    async fn open() -> Counties {
        let house = House::open().await;
        let areas = house.town.areas_csv.replace("#version,1", "#version,2")
            + "780102000000,西县,West County,county,780100000000,,,,2020-01-01,,\n\
               780102001000,西街道,West Street,street,780102000000,,,,2020-01-01,,\n\
               780102001001,西社区,West Community,community,780102001000,,,,2020-01-01,,\n\
               780102001001001,西网格,West Grid,grid,780102001001,general,,,2020-01-01,,\n";
        let units = house.town.units_csv.replace("#version,1", "#version,2")
            + "supervision-west,西县监督中心,West Centre,supervision_centre,supervision,780102000000,\n";
        let counties = Counties { house, no: 0.into() };
        counties.publish(&Caller::system(), &[(Kind::Areas, areas), (Kind::Units, units)]).await.unwrap();
        counties
    }

    fn next(&self) -> u32 {
        self.no.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    async fn publish(&self, caller: &Caller, files: &[(Kind, String)]) -> Result<(), AppError> {
        let drafts = files.iter().map(|(kind, text)| Draft {
            kind: *kind,
            file: kind.code().to_owned(),
            text: text.clone(),
            datum: None,
        });
        // The county beside has no boundaries.
        let how = Publishing { accept: true, ..Publishing::default() };
        self.house.app.publish(caller, None, drafts.collect(), how).await.map(drop)
    }

    /// The document in force with these words exchanged, or a line added, as its next version.
    async fn changed(&self, kind: Kind, words: &[(&str, &str)]) -> String {
        let heads = self.house.app.publications(&Caller::system()).await.unwrap();
        let version = heads.iter().filter(|head| head.kind == kind.code()).map(|head| head.version).max().unwrap();
        let body = self.house.app.publication(&Caller::system(), kind, "", version).await.unwrap().body;
        let mut text = String::from_utf8(body).unwrap();
        let next = version + 1;
        for (version_was, version_is) in [
            (format!("#version,{version}"), format!("#version,{next}")),
            (format!("version = {version}"), format!("version = {next}")),
        ] {
            text = text.replacen(&version_was, &version_is, 1);
        }
        let no = self.next();
        if words.is_empty() {
            text.push_str(&format!("\n# {no}\n"));
        }
        for (was, is) in words {
            assert!(text.contains(was), "{was} is not in {}", kind.code());
            text = text.replacen(was, &format!("{is}{no}"), 1);
        }
        text
    }

    fn unit(&self, of: &str) -> UnitCode {
        let units = &self.house.app.snapshot().unwrap().city.units;
        let is =
            |kind: &str, area: &str| units.all().find(|one| one.kind.as_str() == kind && one.area.as_str() == area);
        match of {
            "市" => is("supervision_centre", CITY),
            "东" => is("supervision_centre", EAST),
            _ => is("supervision_centre", WEST),
        }
        .unwrap()
        .code
        .clone()
    }

    async fn person(&self, caller: &Caller, of: &str) -> Result<(PersonId, String), AppError> {
        let login = format!("somebody-{}", self.next());
        let new = NewPerson {
            name: "某人".to_owned(),
            login: login.clone(),
            password: PASSWORD.to_owned(),
            unit: self.unit(of),
            must_change: false,
        };
        Ok((self.house.app.add_person(caller, None, new).await?, login))
    }

    async fn post(&self, caller: &Caller, person: PersonId, unit: &str, area: &str) -> Result<PostId, AppError> {
        let new = NewPost {
            person,
            role: Role::Acceptor,
            unit: self.unit(unit),
            area: Some(AreaCode::from(area)),
            from: None,
            to: None,
        };
        self.house.app.add_post(caller, None, new).await
    }

    /// Somebody who works in the east and has a post of the whole city besides.
    async fn leader(&self) -> (PersonId, String) {
        let system = Caller::system();
        let somebody = self.person(&system, "东").await.unwrap();
        self.post(&system, somebody.0, "东", EAST).await.unwrap();
        self.post(&system, somebody.0, "市", CITY).await.unwrap();
        somebody
    }

    async fn case(&self, area: &str) -> CaseAddress {
        let contact = json!({ "phone": "13812345678" });
        let new = json!({ "source": "resident", "words": "路灯", "contact": contact, "location": { "area": area } });
        let new: NewReport = serde_json::from_value(new).unwrap();
        let receipt = self.house.app.report(&Caller::public(""), None, new).await.unwrap();
        CaseAddress { region: receipt.region, id: receipt.id }
    }

    fn callers(&self) -> Vec<(&'static str, Caller)> {
        let street = self.house.town.people.iter().find(|one| one.post.role == Role::Collector).unwrap();
        let street = self.house.app.snapshot().unwrap().city.areas.path(&street.post.area)[2].to_string();
        let staff = |role, area: &str| {
            let region = (area != CITY).then(|| area[..6].parse().unwrap());
            let post = Post {
                id: "post_0199aaaa00007000800000000000002a".parse().unwrap(),
                person: "person_0199aaaa00007000800000000000002a".parse().unwrap(),
                role,
                unit: self.unit("市"),
                region,
                area: AreaCode::from(area),
                from: "2020-01-01T00:00:00Z".parse().unwrap(),
                to: None,
            };
            Identity::Staff { person: post.person, session: None, post }
        };
        let key = |scope: &str, area: Option<&str>| Identity::Client {
            client: "client_0199aaaa00007000800000000000002a".parse().unwrap(),
            scopes: vec![scope.to_owned()],
            area: area.map(AreaCode::from),
        };
        let all = [
            ("市管理员", staff(Role::Administrator, CITY)),
            ("东县管理员", staff(Role::Administrator, EAST)),
            ("东县街道管理员", staff(Role::Administrator, &street)),
            ("西县管理员", staff(Role::Administrator, WEST)),
            ("市审计员", staff(Role::Auditor, CITY)),
            ("东县审计员", staff(Role::Auditor, EAST)),
            ("东县值班长", staff(Role::DutyChief, EAST)),
            ("市密钥", key("admin", None)),
            ("东县密钥", key("admin", Some(EAST))),
            ("东县只读密钥", key("read", Some(EAST))),
        ];
        all.into_iter().map(|(name, identity)| (name, Caller { identity, origin: "test".to_owned() })).collect()
    }

    /// Does what a row of the table says, each time to something new.
    async fn act(&self, caller: &Caller, what: &str) -> Result<(), AppError> {
        let (app, system) = (&self.house.app, Caller::system());
        let area = |of: &str| Some(AreaCode::from(if of == "东" { EAST } else { WEST }));
        let somebody = async |of: &str| self.person(&system, of).await.unwrap();
        let made = async |of: Option<AreaCode>| {
            app.add_client(&system, None, "k", vec!["read".to_owned()], of).await.unwrap().0
        };
        match what {
            "在市级单位开账户" => self.person(caller, "市").await.map(drop),
            "在东县单位开账户" => self.person(caller, "东").await.map(drop),
            "在西县单位开账户" => self.person(caller, "西").await.map(drop),
            "给东县的人东县岗位" => self.post(caller, somebody("东").await.0, "东", EAST).await.map(drop),
            "给东县的人全市岗位" => self.post(caller, somebody("东").await.0, "东", CITY).await.map(drop),
            "给东县的人西县岗位" => self.post(caller, somebody("东").await.0, "东", WEST).await.map(drop),
            "给市级的人东县岗位" => self.post(caller, somebody("市").await.0, "东", EAST).await.map(drop),
            "给东县的人市级单位的岗位" => {
                self.post(caller, somebody("东").await.0, "市", EAST).await.map(drop)
            }
            "结束东县岗位" => {
                let post = self.post(&system, somebody("东").await.0, "东", EAST).await.unwrap();
                app.end_post(caller, None, post).await
            }
            "结束全市岗位" => {
                let post = self.post(&system, somebody("东").await.0, "东", CITY).await.unwrap();
                app.end_post(caller, None, post).await
            }
            "重设东县的人的密码" => app.reset_password(caller, None, &somebody("东").await.1, PASSWORD).await,
            "重设东县兼全市岗位的人的密码" => {
                app.reset_password(caller, None, &self.leader().await.1, PASSWORD).await
            }
            "重设西县的人的密码" => app.reset_password(caller, None, &somebody("西").await.1, PASSWORD).await,
            "撤销东县的人的第二因素" => app.reset_totp(caller, &somebody("东").await.1).await,
            "撤销东县兼全市岗位的人的第二因素" => app.reset_totp(caller, &self.leader().await.1).await,
            "抹去东县的人" => app.erase_person(caller, None, somebody("东").await.0).await,
            "抹去东县兼全市岗位的人" => app.erase_person(caller, None, self.leader().await.0).await,
            "看东县的人的岗位" => app.posts_of(caller, somebody("东").await.0).await.map(drop),
            "看西县的人的岗位" => app.posts_of(caller, somebody("西").await.0).await.map(drop),
            "发东县密钥" => app.add_client(caller, None, "k", Vec::new(), area("东")).await.map(drop),
            "发西县密钥" => app.add_client(caller, None, "k", Vec::new(), area("西")).await.map(drop),
            "收回东县密钥" => app.revoke_client(caller, None, made(area("东")).await).await,
            "收回全市密钥" => app.revoke_client(caller, None, made(None).await).await,
            "发布东县网格的改动" => {
                self.exchange(caller, Kind::Areas, &[("桂园第六网格", "桂园第六网格")]).await
            }
            "发布西县网格的改动" => self.exchange(caller, Kind::Areas, &[("西网格", "西网格")]).await,
            "发布两县的改动" => {
                self.exchange(caller, Kind::Areas, &[("桂园第六网格", "桂园第六网格"), ("西网格", "西网格")]).await
            }
            "发布东县自己那一行的改动" => {
                let name = app.snapshot().unwrap().city.areas.get(&AreaCode::from(EAST)).unwrap().name_zh.clone();
                let row = format!("{EAST},{name}");
                self.exchange(caller, Kind::Areas, &[(&row, &row)]).await
            }
            "发布东县单位的改动" => {
                let unit = self.unit("东");
                let name = app.snapshot().unwrap().city.units.get(&unit).unwrap().name_zh.clone();
                let row = format!("{unit},{name}");
                self.exchange(caller, Kind::Units, &[(&row, &row)]).await
            }
            "发布西县单位的改动" => {
                self.exchange(caller, Kind::Units, &[("西县监督中心", "西县监督中心")]).await
            }
            "发布政策" => self.exchange(caller, Kind::Policy, &[]).await,
            "抹去东县案件里的个人信息" => {
                app.erase_report(caller, None, self.case(EAST).await, false).await.map(drop)
            }
            "抹去西县案件里的个人信息" => {
                app.erase_report(caller, None, self.case(WEST).await, false).await.map(drop)
            }
            "看审计记录" => app.audit(caller, None, &Page::first(1)).await.map(drop),
            "看已发布的文件" => app.publications(caller).await.map(drop),
            other => panic!("the table asks for {other}"),
        }
    }

    async fn exchange(&self, caller: &Caller, kind: Kind, words: &[(&str, &str)]) -> Result<(), AppError> {
        let text = self.changed(kind, words).await;
        self.publish(caller, &[(kind, text)]).await
    }
}

#[tokio::test]
async fn who_administers_what() {
    let counties = Counties::open().await;
    let callers: BTreeMap<&str, Caller> = counties.callers().into_iter().collect();
    let mut lines = TABLE.lines().filter(|line| !line.trim().is_empty()).map(|line| line.split_whitespace());
    let names: Vec<&str> = lines.next().unwrap().collect();
    let mut wrong = Vec::new();
    let mut rows = 0;
    for mut cells in lines {
        let what = cells.next().unwrap();
        let cells: Vec<&str> = cells.collect();
        assert_eq!(cells.len(), names.len(), "{what}");
        for (name, expected) in names.iter().zip(cells) {
            let done = match counties.act(&callers[name], what).await {
                Ok(()) => "是",
                Err(AppError::Forbidden(_) | AppError::SignedOut | AppError::NotFound) => "否",
                // Which rows are another's is said, as with every fault of a file.
                Err(AppError::Faulty(faults)) if faults.iter().all(|fault| fault.what.contains("does not lie in")) => {
                    "否"
                }
                Err(other) => panic!("{name} {what}: {other:?}"),
            };
            if done != expected {
                wrong.push(format!("{name} {what}: {done}"));
            }
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(rows, 34);
}

#[tokio::test]
async fn a_county_lays_no_grid_of_its_own_over_another_county() {
    let counties = Counties::open().await;
    let callers: BTreeMap<&str, Caller> = counties.callers().into_iter().collect();
    let mut shapes: serde_json::Value = serde_json::from_str(&counties.house.town.shapes_geojson).unwrap();
    let features = shapes["features"].as_array_mut().unwrap();
    let mut laid = features.iter().find(|one| one["properties"]["code"] == "780101002001006").unwrap().clone();
    laid["properties"]["code"] = json!("780102001001001");
    features.push(laid);
    let refused = counties.publish(&callers["西县管理员"], &[(Kind::Shapes, shapes.to_string())]).await.unwrap_err();
    let AppError::Faulty(faults) = refused else { panic!("{refused:?}") };
    assert!(faults.iter().all(|fault| fault.what.contains("780102001001001")), "{faults:?}");
}

#[tokio::test]
async fn a_key_is_the_countys_of_whoever_makes_it_and_sees_and_reports_only_there() {
    let counties = Counties::open().await;
    let house = &counties.house;
    let callers: BTreeMap<&str, Caller> = counties.callers().into_iter().collect();
    let scopes = ["read", "report"].map(str::to_owned).to_vec();
    let (_, key) = house.app.add_client(&callers["西县管理员"], None, "k", scopes, None).await.unwrap();
    let who = Knocker { authorization: Some(format!("Bearer {key}")), ..Knocker::default() };
    let [east, west] = [counties.case(EAST).await, counties.case(WEST).await];
    let path = |case: CaseAddress| format!("/api/v1/cases/{}/{}", case.region, case.id);
    assert_eq!(house.get(&who, &path(west)).await.status, StatusCode::OK);
    assert_eq!(house.get(&who, &path(east)).await.status, StatusCode::NOT_FOUND);
    let listed = house.get(&who, "/api/v1/cases").await.ok().to_string();
    assert!(listed.contains(&west.id.to_string()) && !listed.contains(&east.id.to_string()), "{listed}");
    let report = |area: &str| json!({ "source": "system", "words": "一", "location": { "area": area } });
    let send = async |area: &str| {
        let request = Request::post("/api/v1/cases").header("idempotency-key", area);
        let request = request.header("content-type", "application/json");
        house.send(&who, request.body(Body::from(report(area).to_string())).unwrap()).await.status
    };
    assert_eq!(send(WEST).await, StatusCode::CREATED);
    assert_eq!(send(EAST).await, StatusCode::FORBIDDEN);
    let seen = house.app.clients(&callers["东县管理员"]).await.unwrap();
    assert!(seen.is_empty(), "{seen:?}");
    assert_eq!(house.app.clients(&callers["西县管理员"]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_area_reads_its_own_part_of_the_audit_record() {
    let counties = Counties::open().await;
    let callers: BTreeMap<&str, Caller> = counties.callers().into_iter().collect();
    let city = &callers["市管理员"];
    let east = counties.person(city, "东").await.unwrap().0.to_string();
    let west = counties.person(city, "西").await.unwrap().0.to_string();
    let whole = counties.person(city, "市").await.unwrap().0.to_string();
    counties.exchange(city, Kind::Policy, &[]).await.unwrap();
    let case = counties.case(EAST).await;
    counties.house.app.erase_report(city, None, case, false).await.unwrap();
    let attempt = Attempt { login: "somebody-0", password: PASSWORD, ..Attempt::default() };
    counties.house.app.sign_in(attempt).await.unwrap();
    let read = async |who: &str| {
        let rows = counties.house.app.audit(&callers[who], None, &Page::first(1_000)).await.unwrap().rows;
        rows.into_iter().map(|row| row.object).collect::<Vec<String>>()
    };
    assert_eq!(read("东县审计员").await, [east.clone(), case.id.to_string(), east.clone()], "with the sign-in");
    assert_eq!(read("西县管理员").await, std::slice::from_ref(&west));
    let all = read("市审计员").await;
    assert!(
        [&east, &west, &whole].iter().all(|one| all.contains(one)) && all.iter().any(|one| one.starts_with("policy"))
    );
}

#[tokio::test]
async fn an_area_finds_its_people_and_those_of_the_units_above_it() {
    let counties = Counties::open().await;
    let callers: BTreeMap<&str, Caller> = counties.callers().into_iter().collect();
    let mut made = BTreeMap::new();
    for of in ["市", "东", "西"] {
        made.insert(of, counties.person(&callers["市管理员"], of).await.unwrap().0);
    }
    let found = async |who: &str, units: &[UnitCode]| {
        let rows = counties.house.app.people(&callers[who], units, &Page::first(1_000)).await.unwrap().rows;
        let ids: Vec<PersonId> = rows.into_iter().map(|row| row.id).collect();
        made.iter().filter(|(_, id)| ids.contains(id)).map(|(of, _)| *of).collect::<String>()
    };
    let west = [counties.unit("西")];
    assert_eq!((found("市管理员", &[]).await.as_str(), found("市管理员", &west).await.as_str()), ("东市西", "西"));
    assert_eq!((found("东县值班长", &[]).await.as_str(), found("东县值班长", &west).await.as_str()), ("东市", ""));
    assert_eq!((found("西县管理员", &[]).await.as_str(), found("西县管理员", &west).await.as_str()), ("市西", "西"));
}

#[tokio::test]
async fn erasing_by_telephone_number_stays_in_the_county_of_whoever_asks() {
    let counties = Counties::open().await;
    let callers: BTreeMap<&str, Caller> = counties.callers().into_iter().collect();
    let [east, west] = [counties.case(EAST).await.id, counties.case(WEST).await.id];
    let erase = async |who: &str| {
        let app = &counties.house.app;
        app.erase_person_by_contact(&callers[who], None, "phone", "138 1234 5678", false).await.unwrap().cases
    };
    assert_eq!(erase("东县街道管理员").await, []);
    assert_eq!(erase("西县管理员").await, [west]);
    assert_eq!(erase("市管理员").await, [east]);
}

#[tokio::test]
async fn a_refused_access_is_noted_once_with_who_what_and_where_and_no_words() {
    let house = House::open().await;
    let (collector, key) = (house.staff(Role::Collector).await, house.key(&["read"]).await);
    let here = json!({ "point": { "lon": HERE.0, "lat": HERE.1 } });
    let reported =
        house.post(&Knocker::default(), "/api/v1/cases", json!({ "words": "一", "location": here })).await.ok();
    let handler = house.staff(Role::Handler).await;
    let case = format!("/api/v1/cases/{}/{}", reported["region"].as_str().unwrap(), reported["id"].as_str().unwrap());
    for _ in 0..3 {
        assert_eq!(house.get(&collector, "/api/v1/clients?phone=13812345678").await.status, StatusCode::FORBIDDEN);
        assert_eq!(house.get(&key, "/api/v1/audit").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(house.get(&handler, &case).await.status, StatusCode::NOT_FOUND);
        assert_eq!(house.get(&Knocker::default(), "/api/v1/inbox").await.status, StatusCode::UNAUTHORIZED);
    }
    let rows = house.app.audit(&Caller::system(), None, &Page::first(1_000)).await.unwrap().rows;
    let refused: Vec<_> = rows.iter().rev().filter(|row| row.action == "access_refused").collect();
    let told: Vec<(&str, bool, bool)> =
        refused.iter().map(|row| (row.object.as_str(), row.person.is_some(), row.client.is_some())).collect();
    let id = reported["id"].as_str().unwrap();
    let expected = [
        ("GET /api/v1/clients", true, false),
        ("GET /api/v1/audit", false, true),
        (id, true, false),
        ("GET /api/v1/inbox", false, false),
    ];
    assert_eq!(told, expected);
    assert!(refused.iter().all(|row| !row.succeeded));
}
