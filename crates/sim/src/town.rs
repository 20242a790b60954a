//! A made-up city as the files a real one would publish, and the people who work in it.
//!
//! Knows shapes, codes and names; nothing of cases. Start at [`Town::tiny`] (for tests) and [`Town::demo`]. Its codes
//! begin with 78, which no province has, and it lies in the middle of the Bohai Sea, where no city is.

use crate::{
    dice::Dice,
    divide::{At, divide},
    names::{self, Name},
};
use gewu_app::{
    App, AppError, Caller,
    city::{Draft, Kind, Publishing},
};
use gewu_domain::{
    ids::{AreaCode, PersonId, PostId, RegionId, UnitCode},
    people::{Actor, Post, Role},
};
use gewu_geo::{
    geojson,
    shape::{Bbox, Shape},
    tessellate::{merge, outline, tessellate},
};
use gewu_store::{
    Change,
    people::{AccountRow, FIRST_VERSION, PasswordHash, PersonRow},
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What every city can start from: the files under `data/` that are not the city's own.
pub const SHIPPED: [(Kind, &str, &str); 4] = [
    (Kind::UnitKinds, "data/units/kinds.csv", include_str!("../../../data/units/kinds.csv")),
    (Kind::Catalogue, "data/catalogue/gbt30428.csv", include_str!("../../../data/catalogue/gbt30428.csv")),
    (Kind::Calendar, "data/calendars/cn.toml", include_str!("../../../data/calendars/cn.toml")),
    (Kind::Policy, "data/policy/default.toml", include_str!("../../../data/policy/default.toml")),
];

/// The class of street lamps, as it stands in a part's code.
const STREET_LAMP: &str = "0137";

/// The password of every account of a demonstration.
pub const DEMO_PASSWORD: &str = "gewu-demo-311";

/// When the town's areas, people and posts begin: before any of its cases.
const FOUNDED: &str = "2020-01-01";
const FOUNDED_MS: u64 = 1_577_836_800_000;

/// A city made of a seed.
#[derive(Debug, Clone)]
pub struct Town {
    pub seed: u64,
    pub areas_csv: String,
    /// Every level; each feature has `code`, `level` and, below the city, `parent`.
    pub shapes_geojson: String,
    pub units_csv: String,
    /// A street lamp in each grid.
    pub parts_csv: String,
    pub people: Vec<Member>,
}

/// Somebody who works in the town, in one post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub post: Post,
    pub unit_zh: String,
    pub unit_en: String,
    /// The few who can be signed in as.
    pub login: Option<String>,
}

impl Member {
    pub fn actor(&self) -> Actor {
        Actor::of(&self.post)
    }
}

/// How large a town is.
#[derive(Debug, Clone, Copy)]
struct Size {
    counties: usize,
    streets: usize,
    communities: usize,
    grids: usize,
    /// One grid of so many belongs to one organisation.
    dedicated_every: usize,
    /// One grid of so many is divided into two micro-grids.
    micro_every: usize,
    bbox: Bbox,
}

/// An area on its way to a row and a shape.
struct Plot {
    code: String,
    zh: String,
    en: String,
    level: &'static str,
    parent: String,
    kind: &'static str,
    host: String,
    class: &'static str,
    households: u32,
    population: u32,
    shape: Shape,
}

struct UnitPlan {
    code: String,
    zh: String,
    en: String,
    kind: String,
    parent: String,
    area: String,
}

impl Town {
    /// One county, two streets, four communities, 24 grids: made in milliseconds.
    pub fn tiny(seed: u64) -> Town {
        Town::build(
            seed,
            Size {
                counties: 1,
                streets: 2,
                communities: 4,
                grids: 24,
                dedicated_every: 8,
                micro_every: 12,
                bbox: Bbox { west: 119.95, south: 38.55, east: 119.98, north: 38.575 },
            },
        )
    }

    /// Two counties, 12 streets, 120 communities, 1,536 grids.
    pub fn demo(seed: u64) -> Town {
        Town::build(
            seed,
            Size {
                counties: 2,
                streets: 12,
                communities: 120,
                grids: 1_536,
                dedicated_every: 28,
                micro_every: 24,
                bbox: Bbox { west: 119.86, south: 38.46, east: 120.14, north: 38.68 },
            },
        )
    }

    fn build(seed: u64, size: Size) -> Town {
        let mut plan = Plan::new(seed, size);
        plan.lay_out();
        plan.set_up_units();
        let people = plan.hire();
        Town {
            seed,
            areas_csv: plan.areas_csv(),
            shapes_geojson: plan.shapes_geojson(),
            units_csv: plan.units_csv(),
            parts_csv: plan.parts_csv(),
            people,
        }
    }

    /// All files of the town, ready to be published together.
    pub fn drafts(&self) -> Vec<Draft> {
        let own = [
            (Kind::Areas, "areas.csv", &self.areas_csv),
            (Kind::Shapes, "shapes.geojson", &self.shapes_geojson),
            (Kind::Units, "units.csv", &self.units_csv),
            (Kind::Parts, "parts.csv", &self.parts_csv),
        ];
        let draft =
            |kind, file: &str, text: &str| Draft { kind, file: file.to_owned(), text: text.to_owned(), datum: None };
        SHIPPED
            .iter()
            .map(|(kind, file, text)| draft(*kind, file, text))
            .chain(own.into_iter().map(|(kind, file, text)| draft(kind, file, text)))
            .collect()
    }

    /// Publishes the town and moves its people in, those with a sign-in name under [`DEMO_PASSWORD`].
    ///
    /// # Errors
    /// As [`App::publish`]; [`AppError::Conflict`] when the people live there already.
    pub async fn settle(&self, app: &App) -> Result<(), AppError> {
        app.publish(&Caller::system(), None, self.drafts(), Publishing::default()).await?;
        move_in(app, &self.people).await
    }

    /// Those who can be signed in as, in the order in which to show them.
    pub fn accounts(&self) -> impl Iterator<Item = &Member> {
        self.people.iter().filter(|member| member.login.is_some())
    }

    /// Everybody at a desk.
    pub fn at_desk<'t>(&'t self, role: Role, unit: &'t UnitCode) -> impl Iterator<Item = &'t Member> {
        self.people.iter().filter(move |member| member.post.role == role && member.post.unit == *unit)
    }
}

/// Writes people, their posts and the accounts of those who have a sign-in name. One hash serves all: it is one password,
/// and no secret.
///
/// # Errors
/// When the store fails; [`AppError::Conflict`] when they are there already.
pub async fn move_in(app: &App, people: &[Member]) -> Result<(), AppError> {
    let mut salt = [0_u8; 16];
    app.random.fill(&mut salt);
    let password = app.settings.password_cost.hash(DEMO_PASSWORD, &salt);
    let mut changes = Vec::new();
    for member in people {
        changes.push(Change::Person(PersonRow {
            id: member.post.person,
            name: member.name.clone(),
            unit: member.post.unit.clone(),
            is_active: true,
        }));
        changes.push(Change::Post(member.post.clone()));
        if let Some(login) = &member.login {
            changes.push(Change::OpenAccount(AccountRow {
                person: member.post.person,
                login: login.clone(),
                password: PasswordHash(password.clone()),
                must_change: false,
                changed_at: app.now(),
                version: FIRST_VERSION,
                totp: None,
            }));
        }
    }
    Ok(app.store.apply(RegionId(0), changes.into()).await?)
}

struct Plan {
    size: Size,
    dice: Dice,
    cells: BTreeMap<At, Shape>,
    plots: Vec<Plot>,
    units: Vec<UnitPlan>,
    /// County and street slugs with the codes of their areas.
    counties: Vec<(Name, String, String)>,
    streets: Vec<(Name, usize, String)>,
    seed: u64,
}

impl Plan {
    fn new(seed: u64, size: Size) -> Plan {
        let cells = tessellate(&outline(size.bbox, seed), size.grids, seed)
            .into_iter()
            .map(|cell| ((cell.row, cell.column), cell.shape))
            .collect();
        Plan {
            size,
            dice: Dice::named(seed, "town"),
            cells,
            plots: Vec::new(),
            units: Vec::new(),
            counties: Vec::new(),
            streets: Vec::new(),
            seed,
        }
    }

    fn lay_out(&mut self) {
        let size = self.size;
        let all: Vec<At> = self.cells.keys().copied().collect();
        let middle = middle(&all);
        let per_county = size.streets / size.counties;
        let per_street = size.communities / size.streets;
        let city = "780100000000".to_owned();
        let mut streets: Vec<(usize, Vec<At>)> = Vec::new();
        for (county, cells) in divide(&all, size.counties, &mut self.dice).into_iter().enumerate() {
            streets.extend(divide(&cells, per_county, &mut self.dice).into_iter().map(|cells| (county, cells)));
        }
        let mut by_distance: Vec<usize> = (0..streets.len()).collect();
        let far = |at: &usize| streets.get(*at).map_or(0.0, |(_, cells)| distance(self::middle(cells), middle));
        by_distance.sort_by(|a, b| far(a).total_cmp(&far(b)));
        let rank = |street: usize| by_distance.iter().position(|other| *other == street).unwrap_or(0);

        let mut city_plots = Vec::new();
        let mut county_plots: Vec<Vec<Plot>> = (0..size.counties).map(|_| Vec::new()).collect();
        let mut grid_no = 0;
        let mut street_in_county = vec![0_u32; size.counties];
        for (street, (county, cells)) in streets.iter().enumerate() {
            let county_code = format!("{}", 780_101 + county);
            let class = match rank(street) * 3 / size.streets.max(1) {
                0 => "A",
                1 => "B",
                _ => "C",
            };
            let is_town = class == "C" && street % 2 == 1;
            let stem = names::STREETS.get(street).copied().unwrap_or(names::CITY);
            let no = street_in_county.get_mut(*county).map_or(0, |no| {
                *no += 1;
                *no
            });
            let street_no = if is_town { 100 + no } else { no };
            let street_code = format!("{county_code}{street_no:03}000");
            self.streets.push((stem, *county, street_code.clone()));
            let mut grids = Vec::new();
            let mut communities = Vec::new();
            for (community, cells) in divide(cells, per_street, &mut self.dice).into_iter().enumerate() {
                let head = names::COMMUNITY_HEADS.get(street).copied().unwrap_or(names::CITY);
                let tail = names::COMMUNITY_TAILS.get(community).copied().unwrap_or(names::CITY);
                let community_no = if is_town { 201 + community } else { 1 + community };
                let code = format!("{county_code}{street_no:03}{community_no:03}");
                let suffix = if is_town { ("村", "Village") } else { ("社区", "Community") };
                let stem_zh = format!("{}{}", head.zh, tail.zh);
                let stem_en = format!("{} {}", head.en, tail.en);
                let here = grids.len();
                for (grid, at) in (1..).zip(&cells) {
                    grid_no += 1;
                    self.grid(&mut grids, grid, grid_no, *at, &code, (&stem_zh, &stem_en));
                }
                let parts: Vec<&Plot> = grids.iter().skip(here).filter(|plot: &&Plot| plot.level == "grid").collect();
                communities.push(sum(
                    &parts,
                    Plot {
                        code,
                        zh: format!("{stem_zh}{}", suffix.0),
                        en: format!("{stem_en} {}", suffix.1),
                        level: "community",
                        parent: street_code.clone(),
                        ..empty()
                    },
                ));
            }
            let (zh, en) = if is_town { ("镇", "Town") } else { ("街道", "Street") };
            let plot = sum(
                &communities.iter().collect::<Vec<_>>(),
                Plot {
                    code: street_code,
                    zh: format!("{}{zh}", stem.zh),
                    en: format!("{} {en}", stem.en),
                    level: "street",
                    parent: format!("{county_code}000000"),
                    class,
                    ..empty()
                },
            );
            if let Some(plots) = county_plots.get_mut(*county) {
                plots.push(plot);
            }
            city_plots.extend(communities);
            city_plots.extend(grids);
        }
        let mut counties = Vec::new();
        for (county, streets) in county_plots.iter().enumerate() {
            let name = names::COUNTIES.get(county).copied().unwrap_or(names::CITY);
            let code = format!("{}000000", 780_101 + county);
            self.counties.push((name, code.clone(), name.en.to_lowercase()));
            let plot = Plot {
                code,
                zh: name.zh.to_owned(),
                en: format!("{} District", name.en),
                level: "county",
                parent: city.clone(),
                class: "B",
                ..empty()
            };
            counties.push(sum(&streets.iter().collect::<Vec<_>>(), plot));
        }
        let whole = Plot {
            code: city,
            zh: names::CITY.zh.to_owned(),
            en: format!("{} City", names::CITY.en),
            level: "city",
            ..empty()
        };
        self.plots.push(sum(&counties.iter().collect::<Vec<_>>(), whole));
        self.plots.extend(counties);
        self.plots.extend(county_plots.into_iter().flatten());
        self.plots.extend(city_plots);
    }

    fn grid(
        &mut self,
        plots: &mut Vec<Plot>,
        no: u32,
        count: usize,
        at: At,
        community: &str,
        (stem_zh, stem_en): (&str, &str),
    ) {
        let Some(shape) = self.cells.get(&at).cloned() else { return };
        let code = format!("{community}{no:03}");
        let households = u32::try_from(self.dice.between(210, 520)).unwrap_or(0);
        let population = households * u32::try_from(self.dice.between(23, 30)).unwrap_or(0) / 10;
        let mut plot = Plot {
            zh: format!("{stem_zh}第{}网格", numeral(no)),
            en: format!("{stem_en} Grid {no}"),
            level: "grid",
            parent: community.to_owned(),
            kind: "general",
            households,
            population,
            shape,
            code,
            ..empty()
        };
        if count.is_multiple_of(self.size.dedicated_every) {
            let turn = count / self.size.dedicated_every;
            let (kind, host) = names::HOSTS.get(turn % names::HOSTS.len()).copied().unwrap_or(("school", names::CITY));
            plot.kind = "dedicated";
            plot.households = 0;
            plot.population = 0;
            plot.zh = format!("{stem_zh}{}", host.zh);
            plot.en = format!("{stem_en} {}", host.en);
            plot.host = format!("{kind}-{turn}").replace('_', "-");
            self.units.push(UnitPlan {
                code: plot.host.clone(),
                zh: plot.zh.clone(),
                en: plot.en.clone(),
                kind: kind.to_owned(),
                parent: String::new(),
                area: plot.code.clone(),
            });
        } else if count % self.size.micro_every == 1
            && let Some(halves) = halves(&plot.shape)
        {
            for (part, shape) in (1..).zip(halves) {
                plots.push(Plot {
                    code: format!("{}{part:02}", plot.code),
                    zh: format!("{}微网格{}", plot.zh, numeral(part)),
                    en: format!("{} Part {part}", plot.en),
                    level: "micro",
                    parent: plot.code.clone(),
                    kind: "micro",
                    shape,
                    ..empty()
                });
            }
        }
        plots.push(plot);
    }

    fn set_up_units(&mut self) {
        let city = "780100000000";
        let mut units = Vec::new();
        let mut add = |code: &str, zh: String, en: String, kind: &str, parent: &str, area: &str| {
            units.push(UnitPlan {
                code: code.to_owned(),
                zh,
                en,
                kind: kind.to_owned(),
                parent: parent.to_owned(),
                area: area.to_owned(),
            });
        };
        let (zh, en) = (names::CITY.zh, names::CITY.en);
        add("government", format!("{zh}人民政府"), format!("{en} City Government"), "city_government", "", city);
        add(
            "supervision",
            format!("{zh}城市管理监督中心"),
            format!("{en} Supervision Centre"),
            "supervision_centre",
            "",
            city,
        );
        add("command", format!("{zh}城市运行指挥中心"), format!("{en} Command Centre"), "command_centre", "", city);
        add(
            "inspection",
            format!("{zh}督查室"),
            format!("{en} Inspection Office"),
            "inspection_office",
            "government",
            city,
        );
        for (county, code, slug) in &self.counties {
            add(
                &format!("supervision-{slug}"),
                format!("{}监督中心", county.zh),
                format!("{} Supervision Centre", county.en),
                "supervision_centre",
                "supervision",
                code,
            );
            add(
                &format!("command-{slug}"),
                format!("{}指挥中心", county.zh),
                format!("{} Command Centre", county.en),
                "command_centre",
                "command",
                code,
            );
            for (kind, stem, unit) in &names::COUNTY_UNITS {
                add(
                    &format!("{stem}-{slug}"),
                    format!("{}{}", county.zh, unit.zh),
                    format!("{} {}", county.en, unit.en),
                    kind,
                    "",
                    code,
                );
            }
        }
        for (stem, county, code) in &self.streets {
            let slug = stem.en.to_lowercase();
            let county = self.counties.get(*county).map_or("", |(_, _, slug)| slug);
            let area = self.plots.iter().find(|plot| plot.code == *code);
            let (zh, en) = area.map_or(("", ""), |plot| (plot.zh.as_str(), plot.en.as_str()));
            let office = if zh.ends_with('镇') { "人民政府" } else { "办事处" };
            add(
                &format!("office-{slug}"),
                format!("{zh}{office}"),
                format!("{en} Office"),
                "subdistrict_office",
                "",
                code,
            );
            add(
                &format!("station-{slug}"),
                format!("{zh}网格工作站"),
                format!("{en} Grid Station"),
                "grid_station",
                &format!("supervision-{county}"),
                code,
            );
            add(
                &format!("enforcement-{slug}"),
                format!("{zh}综合执法中队"),
                format!("{en} City-management Squad"),
                "local_enforcement",
                &format!("team-{county}"),
                code,
            );
        }
        self.units.splice(0..0, units);
    }

    /// Who works where: at least two at every desk, so that a return never finds the one who sent it.
    fn hire(&mut self) -> Vec<Member> {
        let mut names = People::new(Dice::named(self.seed, "people"));
        let mut members = Vec::new();
        for unit in &self.units {
            let staffing: &[(Role, usize)] = match (unit.kind.as_str(), unit.area.as_str()) {
                ("supervision_centre", "780100000000") => {
                    &[(Role::Acceptor, 2), (Role::DutyChief, 2), (Role::Administrator, 2), (Role::Assessor, 2)]
                }
                ("supervision_centre", _) => &[(Role::Acceptor, 4), (Role::DutyChief, 3), (Role::Supervisor, 2)],
                ("command_centre", "780100000000") => &[(Role::Dispatcher, 2)],
                ("command_centre", _) => &[(Role::Dispatcher, 3)],
                ("city_government", _) => &[(Role::Supervisor, 2)],
                ("inspection_office", _) => &[(Role::Supervisor, 2), (Role::Auditor, 2)],
                ("grid_station", _) => &[(Role::Collector, 4)],
                _ => &[(Role::Handler, 2)],
            };
            for (role, count) in staffing {
                for no in 0..*count {
                    members.push(names.member(unit, *role, no));
                }
            }
        }
        members.sort_by_key(place_on_list);
        members
    }

    fn areas_csv(&self) -> String {
        let mut csv = String::from(
            "#version,1\n#scheme,unit15\n\
             #level,city,市,City\n#level,county,区县,County,region\n#level,street,街道（乡镇）,Street\n\
             #level,community,社区（村）,Community\n#level,grid,网格,Grid,grid\n#level,micro,微网格,Micro-grid,grid\n\
             code,name_zh,name_en,level,parent,grid_kind,host,class,valid_from,households,population\n",
        );
        let total = |count: u32| if count == 0 { String::new() } else { count.to_string() };
        for plot in &self.plots {
            let Plot { code, zh, en, level, parent, kind, host, class, households, population, .. } = plot;
            let (households, population) = (total(*households), total(*population));
            csv.push_str(&format!(
                "{code},{zh},{en},{level},{parent},{kind},{host},{class},{FOUNDED},{households},{population}\n"
            ));
        }
        csv
    }

    fn shapes_geojson(&self) -> String {
        geojson::write(self.plots.iter().map(|plot| {
            let mut properties = Map::new();
            properties.insert("code".to_owned(), Value::from(plot.code.as_str()));
            properties.insert("level".to_owned(), Value::from(plot.level));
            if !plot.parent.is_empty() {
                properties.insert("parent".to_owned(), Value::from(plot.parent.as_str()));
            }
            geojson::feature_to_json(None, properties, &plot.shape)
        }))
    }

    fn units_csv(&self) -> String {
        let mut csv = String::from("#version,1\ncode,name_zh,name_en,kind,parent,area,axis\n");
        for UnitPlan { code, zh, en, kind, parent, area } in &self.units {
            csv.push_str(&format!("{code},{zh},{en},{kind},{parent},{area},\n"));
        }
        csv
    }

    /// Coded as the standard codes parts: six digits of the county, two and two of the class, six of the number.
    fn parts_csv(&self) -> String {
        let mut csv = String::from("#version,1\ncode,lon,lat\n");
        for (no, grid) in (1..).zip(self.plots.iter().filter(|plot| plot.level == "grid")) {
            let (county, _) = grid.code.split_at(6);
            let place = grid.shape.point_on_surface();
            csv.push_str(&format!("{county}{STREET_LAMP}{no:06},{:.6},{:.6}\n", place.lon(), place.lat()));
        }
        csv
    }
}

/// Hands out people, no name twice.
struct People {
    dice: Dice,
    taken: BTreeSet<String>,
    count: u64,
}

impl People {
    fn new(dice: Dice) -> People {
        People { dice, taken: BTreeSet::new(), count: 0 }
    }

    fn name(&mut self) -> String {
        loop {
            let surname = self.dice.pick(&names::SURNAMES).copied().unwrap_or_default();
            let given = self.dice.pick(&names::GIVEN).copied().unwrap_or_default();
            let name = format!("{surname}{given}");
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    fn member(&mut self, unit: &UnitPlan, role: Role, no: usize) -> Member {
        self.count += 1;
        let ms = FOUNDED_MS + self.count;
        let is_city = unit.area == "780100000000";
        let region = unit.area.get(..6).and_then(|region| region.parse().ok()).filter(|_| !is_city).map(RegionId);
        Member {
            name: self.name(),
            post: Post {
                id: PostId(self.dice.id(ms)),
                person: PersonId(self.dice.id(ms)),
                role,
                unit: UnitCode::new(unit.code.clone()),
                region,
                area: AreaCode::new(unit.area.clone()),
                from: Timestamp::from_millisecond(i64::try_from(FOUNDED_MS).unwrap_or(0)).unwrap_or_default(),
                to: None,
            },
            unit_zh: unit.zh.clone(),
            unit_en: unit.en.clone(),
            login: login(unit, role, no),
        }
    }
}

/// The desks somebody looking around can sit down at: all of the city and of the first county, a few of the second.
const SHOWN: [(&str, Role, &str, usize); 25] = [
    ("station-liudi", Role::Collector, "collector", 2),
    ("supervision-wangchao", Role::Acceptor, "acceptor", 2),
    ("supervision-wangchao", Role::DutyChief, "chief", 2),
    ("command-wangchao", Role::Dispatcher, "dispatcher", 2),
    ("sanitation-wangchao", Role::Handler, "sanitation", 1),
    ("works-wangchao", Role::Handler, "works", 1),
    ("parks-wangchao", Role::Handler, "parks", 1),
    ("water-wangchao", Role::Handler, "water", 1),
    ("power-wangchao", Role::Handler, "power", 1),
    ("enforcement-liudi", Role::Handler, "enforcement", 1),
    ("office-liudi", Role::Handler, "street", 1),
    ("supervision-wangchao", Role::Supervisor, "supervisor", 1),
    ("station-lanhu", Role::Collector, "collector-t", 1),
    ("supervision-tinglan", Role::Acceptor, "acceptor-t", 1),
    ("supervision-tinglan", Role::DutyChief, "chief-t", 1),
    ("command-tinglan", Role::Dispatcher, "dispatcher-t", 1),
    ("sanitation-tinglan", Role::Handler, "sanitation-t", 1),
    ("supervision", Role::Acceptor, "city-acceptor", 1),
    ("supervision", Role::DutyChief, "city-chief", 1),
    ("command", Role::Dispatcher, "city-dispatcher", 1),
    ("government", Role::Supervisor, "leader", 1),
    ("supervision", Role::Assessor, "assessor", 1),
    ("supervision", Role::Administrator, "admin", 1),
    ("inspection", Role::Auditor, "auditor", 1),
    ("inspection", Role::Supervisor, "inspector", 1),
];

fn login(unit: &UnitPlan, role: Role, no: usize) -> Option<String> {
    let (_, _, stem, count) = SHOWN.iter().find(|(code, shown, ..)| *code == unit.code && *shown == role)?;
    match (no, *count) {
        (no, count) if no >= count => None,
        (no, 2..) => Some(format!("{stem}{}", no + 1)),
        _ => Some((*stem).to_owned()),
    }
}

fn place_on_list(member: &Member) -> usize {
    let shown = |(code, role, ..): &(&str, Role, &str, usize)| {
        *code == member.post.unit.as_str() && *role == member.post.role && member.login.is_some()
    };
    SHOWN.iter().position(shown).unwrap_or(SHOWN.len())
}

/// The plot with the shape and the totals of its parts.
fn sum(parts: &[&Plot], plot: Plot) -> Plot {
    let shapes: Vec<&Shape> = parts.iter().map(|part| &part.shape).collect();
    Plot {
        households: parts.iter().map(|part| part.households).sum(),
        population: parts.iter().map(|part| part.population).sum(),
        shape: merge(&shapes).expect("a part of a town has cells"),
        ..plot
    }
}

fn empty() -> Plot {
    let dot = Bbox { west: 0.0, south: 0.0, east: 1.0, north: 1.0 };
    Plot {
        code: String::new(),
        zh: String::new(),
        en: String::new(),
        level: "",
        parent: String::new(),
        kind: "",
        host: String::new(),
        class: "",
        households: 0,
        population: 0,
        shape: Shape::rectangle(dot).expect("a square on the globe"),
    }
}

/// A cell cut in two from a vertex of its southern border to one of its northern: no vertex is new, so that neighbours
/// still fit.
fn halves(cell: &Shape) -> Option<[Shape; 2]> {
    let ring: Vec<geo::Coord<f64>> = cell.rings().next()?.0.iter().copied().take(12).collect();
    let part = |places: &[usize]| {
        let ring: geo::LineString<f64> = places.iter().filter_map(|at| ring.get(*at).copied()).collect();
        Shape::new(vec![geo::Polygon::new(ring, Vec::new())]).ok()
    };
    Some([part(&[0, 1, 2, 7, 8, 9, 10, 11])?, part(&[2, 3, 4, 5, 6, 7])?])
}

fn middle(cells: &[At]) -> (f64, f64) {
    let count = cells.len().max(1) as f64;
    let sum = cells.iter().fold((0.0, 0.0), |sum, at| (sum.0 + f64::from(at.0), sum.1 + f64::from(at.1)));
    (sum.0 / count, sum.1 / count)
}

fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// 1 to 99 in Chinese.
fn numeral(number: u32) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |number: u32| usize::try_from(number).ok().and_then(|at| DIGITS.get(at)).copied().unwrap_or_default();
    match number {
        0..10 => digit(number).to_owned(),
        10..20 => format!("十{}", digit(number - 10)),
        _ => format!("{}十{}", digit(number / 10), digit(number % 10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gewu_domain::{
        area::{Areas, GridKind},
        catalogue::Catalogue,
        unit::{Axis, UnitKinds, Units},
    };
    use gewu_geo::topology::{self, Tolerance};

    fn areas(town: &Town) -> Areas {
        Areas::parse("areas.csv", &town.areas_csv).unwrap()
    }

    fn kinds() -> UnitKinds {
        UnitKinds::parse("kinds.csv", SHIPPED[0].2).unwrap()
    }

    fn at_level(areas: &Areas, level: &str) -> usize {
        areas.all().iter().filter(|area| areas.level_name(area).unwrap().code == level).count()
    }

    #[test]
    fn the_same_seed_gives_the_same_files_and_people_and_another_seed_others() {
        let (one, other) = (Town::tiny(1), Town::tiny(1));
        assert_eq!(one.shapes_geojson, other.shapes_geojson);
        assert_eq!(one.areas_csv, other.areas_csv);
        assert_eq!(one.people, other.people);
        assert_ne!(one.shapes_geojson, Town::tiny(2).shapes_geojson);
    }

    #[test]
    fn the_demo_has_the_size_it_promises() {
        let town = Town::demo(1);
        let areas = areas(&town);
        let counts = ["county", "street", "community", "grid"].map(|level| at_level(&areas, level));
        assert_eq!(counts, [2, 12, 120, 1_536]);
        assert!(at_level(&areas, "micro") > 50);
        assert_eq!(areas.regions(), [RegionId(780_101), RegionId(780_102)]);
        let dedicated = areas.all().iter().filter(|area| matches!(area.grid_kind, Some(GridKind::Dedicated { .. })));
        assert_eq!(dedicated.count(), 54);
        let names: BTreeSet<&str> =
            areas.all().iter().filter(|area| area.level == 3).map(|area| area.name_zh.as_str()).collect();
        assert_eq!(names.len(), 120);
    }

    #[test]
    fn units_and_their_hosts_fit_the_areas_and_every_kind_of_the_catalogue_has_a_unit() {
        for town in [Town::tiny(1), Town::demo(1)] {
            let areas = areas(&town);
            let kinds = kinds();
            let units = Units::parse("units.csv", &town.units_csv, &areas, &kinds).unwrap();
            assert_eq!(units.check_hosts("areas.csv", &areas), []);
            let catalogue = Catalogue::parse("gbt30428.csv", SHIPPED[1].2, &kinds).unwrap();
            for grid in areas.all().iter().filter(|area| area.is_grid()) {
                let path = areas.path(&grid.code);
                for kind in catalogue.classes().iter().flat_map(|class| &class.responsible) {
                    assert!(units.of_kind_for(kind, &path).is_some(), "{kind} at {}", grid.code);
                }
            }
        }
    }

    #[test]
    fn no_grid_overlaps_another_or_leaves_a_gap() {
        for town in [Town::tiny(3), Town::demo(1)] {
            let features = geojson::read(&town.shapes_geojson).unwrap();
            let code = |feature: &geojson::Feature, key: &str| {
                feature.properties.get(key).and_then(Value::as_str).map(str::to_owned)
            };
            let handles: BTreeMap<String, u32> =
                (0..).zip(&features).map(|(handle, feature)| (code(feature, "code").unwrap(), handle)).collect();
            let areas: Vec<topology::Area<'_>> = (0..)
                .zip(&features)
                .map(|(handle, feature)| topology::Area {
                    handle,
                    parent: code(feature, "parent").and_then(|parent| handles.get(&parent).copied()),
                    shape: &feature.shape,
                    unclosed: &feature.unclosed,
                })
                .collect();
            let faults = topology::check(&areas, Tolerance::default());
            assert!(faults.is_empty(), "{} faults, first: {:?}", faults.len(), faults.first());
        }
    }

    #[test]
    fn at_least_two_people_sit_at_every_desk_on_the_axis_of_their_unit() {
        let town = Town::demo(1);
        let areas = areas(&town);
        let units = Units::parse("units.csv", &town.units_csv, &areas, &kinds()).unwrap();
        let mut desks: BTreeMap<(Role, UnitCode), usize> = BTreeMap::new();
        for member in &town.people {
            *desks.entry((member.post.role, member.post.unit.clone())).or_default() += 1;
        }
        assert!(desks.values().all(|count| *count >= 2));
        for unit in units.all() {
            let role = match unit.axis {
                Axis::Handling => Role::Handler,
                Axis::Command => Role::Dispatcher,
                _ => continue,
            };
            assert!(desks.contains_key(&(role, unit.code.clone())), "nobody at {}", unit.code);
        }
    }

    #[test]
    fn every_role_can_be_signed_in_as_and_no_sign_in_name_is_given_twice() {
        let town = Town::demo(1);
        let roles: BTreeSet<Role> = town.accounts().map(|member| member.post.role).collect();
        assert_eq!(roles, Role::ALL.into_iter().collect());
        let logins: BTreeSet<&String> = town.accounts().filter_map(|member| member.login.as_ref()).collect();
        assert_eq!(logins.len(), SHOWN.iter().map(|(.., count)| count).sum::<usize>());
        assert!(logins.iter().all(|login| gewu_app::passwords::check(DEMO_PASSWORD, login).is_ok()));
    }
}
