use super::*;
use jiff::civil::date;
use proptest::prelude::*;

const HEAD: &str =
    "#version,1\n#scheme,unit15\ncode,name_zh,level,parent,grid_kind,host,class,valid_from,valid_to,successors\n";
const CITY_ROWS: &str = "\
370100000000,泉城,city,,,,,2024-01-01,,\n\
370102000000,历下,county,370100000000,,,A,2024-01-01,,\n\
370102001000,解放路,street,370102000000,,,,2024-01-01,,\n\
370102001001,青年,community,370102001000,,,,2024-01-01,,\n\
370102001001001,青年一,grid,370102001001,general,,C,2024-01-01,,\n\
370102001001002,青年学校,grid,370102001001,dedicated,school-1,,2024-01-01,,\n";

fn town() -> Areas {
    Areas::parse("areas.csv", &format!("{HEAD}{CITY_ROWS}")).unwrap()
}

fn code(text: &str) -> AreaCode {
    AreaCode::from(text)
}

/// Line and field of each fault of the town with these rows added from line 10.
fn faults_of(rows: &str) -> Vec<(u32, String)> {
    let faults = Areas::parse("areas.csv", &format!("{HEAD}{CITY_ROWS}{rows}")).expect_err("the document has a fault");
    faults.into_iter().map(|fault| (fault.line.unwrap_or(0), fault.field.unwrap_or_default())).collect()
}

#[test]
fn a_path_runs_from_the_root_to_the_area() {
    let path = town().path(&code("370102001001001"));
    let path: Vec<&str> = path.iter().map(AreaCode::as_str).collect();
    assert_eq!(path, ["370100000000", "370102000000", "370102001000", "370102001001", "370102001001001"]);
    assert_eq!(town().path(&code("1")), []);
}

#[test]
fn the_grade_is_that_of_the_nearest_area_upwards() {
    let town = town();
    assert_eq!(town.class_of(&code("370102001001001")), AreaClass::C);
    assert_eq!(town.class_of(&code("370102001001002")), AreaClass::A);
    assert_eq!(town.class_of(&code("370100000000")), AreaClass::B);
}

#[test]
fn the_county_is_the_region_of_everything_in_it() {
    let town = town();
    assert_eq!(town.regions(), [RegionId(370_102)]);
    assert_eq!(town.get(&code("370102001001001")).map(|area| area.region), Some(RegionId(370_102)));
    assert_eq!(town.get(&code("370100000000")).map(|area| area.region), Some(RegionId(370_100)));
}

#[test]
fn descendants_come_after_their_parents_and_without_the_area_itself() {
    let town = town();
    let below: Vec<&str> = town.descendants(&code("370102001000")).iter().map(|area| area.code.as_str()).collect();
    assert_eq!(below, ["370102001001", "370102001001001", "370102001001002"]);
    assert_eq!(town.children(&code("370102001001001")), []);
}

#[test]
fn the_street_of_a_grid_is_found_by_level() {
    let town = town();
    let street = town.at_level(&code("370102001001001"), STREET).map(|area| area.name_zh.as_str());
    assert_eq!(street, Some("解放路"));
    assert_eq!(town.at_level(&code("370102000000"), STREET), None);
}

#[test]
fn a_merged_community_keeps_its_old_figures_and_names_its_successor() {
    let rows = "370102001002,旧村,community,370102001000,,,,2020-01-01,2024-06-30,370102001601\n\
                370102001601,新村,community,370102001000,,,,2024-07-01,,\n";
    let head_start = CITY_ROWS.replace("2024-01-01", "2020-01-01");
    let town = Areas::parse("areas.csv", &format!("{HEAD}{head_start}{rows}")).unwrap();
    let on = |day| town.current_on(day).any(|area| area.code == code("370102001002"));
    assert!(on(date(2024, 6, 30)));
    assert!(!on(date(2024, 7, 1)));
    assert_eq!(town.get(&code("370102001002")).map(|area| area.successors.clone()), Some(vec![code("370102001601")]));
}

#[test]
fn one_code_may_stand_for_two_periods_and_the_latest_counts() {
    let rows = "370102001002,老名,community,370102001000,,,,2024-01-01,2024-06-30,\n\
                370102001002,新名,community,370102001000,,,,2024-07-01,,\n";
    let town = Areas::parse("areas.csv", &format!("{HEAD}{CITY_ROWS}{rows}")).unwrap();
    let name = |area: Option<&Area>| area.map(|area| area.name_zh.clone());
    assert_eq!(name(town.get(&code("370102001002"))).as_deref(), Some("新名"));
    assert_eq!(name(town.get_on(&code("370102001002"), date(2024, 6, 30))).as_deref(), Some("老名"));
    assert_eq!(town.get_on(&code("370102001002"), date(2023, 6, 30)), None);
}

#[test]
fn each_planted_fault_is_told_with_its_line_and_field() {
    let table = [
        ("370102001001001,又一,grid,370102001001,general,,,2024-01-01,,\n", "code"),
        ("370102001001001,又一,grid,370102001001,general,,,2025-01-01,,\n", "valid_from"),
        ("370102001009003,无社区,grid,370102001009,general,,,2024-01-01,,\n", "parent"),
        ("370103001001003,错前缀,grid,370102001001,general,,,2024-01-01,,\n", "code"),
        ("370102001,又写,street,370102000000,,,,2024-01-01,,\n", "code"),
        ("37010200100100,短,grid,370102001001,general,,,2024-01-01,,\n", "code"),
        ("370102001003,倒挂,city,370102001000,,,,2024-01-01,,\n", "level"),
        ("370103001000,无区县,street,370100000000,,,,2024-01-01,,\n", "parent"),
        ("370102001003,同级,community,370102001001,,,,2024-01-01,,\n", "level"),
        ("370102001003,无级,town,370102001000,,,,2024-01-01,,\n", "level"),
        ("370102001003,无上级,community,,,,,2024-01-01,,\n", "parent"),
        ("370102001003,自己,community,370102001003,,,,2024-01-01,,\n", "parent"),
        ("370102001001003,无主,grid,370102001001,dedicated,,,2024-01-01,,\n", "host"),
        ("370102001001003,有主,grid,370102001001,general,school-1,,2024-01-01,,\n", "host"),
        ("370102001001003,无类,grid,370102001001,,,,2024-01-01,,\n", "grid_kind"),
        ("370102001001003,怪类,grid,370102001001,odd,,,2024-01-01,,\n", "grid_kind"),
        ("370102001003,非网格,community,370102001000,general,,,2024-01-01,,\n", "grid_kind"),
        ("370102001001003,不在网格里,grid,370102001001,micro,,,2024-01-01,,\n", "grid_kind"),
        ("370102001003,怪等,community,370102001000,,,D,2024-01-01,,\n", "class"),
        ("370102001003,倒日,community,370102001000,,,,2024-02-01,2024-01-31,\n", "valid_to"),
        ("370102001003,怪日,community,370102001000,,,,2024-02-30,,\n", "valid_from"),
        ("370102001003,早生,community,370102001000,,,,2023-12-31,,\n", "valid_from"),
        ("370102001003,无后,community,370102001000,,,,2024-01-01,2024-05-01,370102001004\n", "successors"),
        ("370102001003,活着,community,370102001000,,,,2024-01-01,,370102001001\n", "successors"),
        ("370102001003,,community,370102001000,,,,2024-01-01,,\n", "name_zh"),
    ];
    for (row, field) in table {
        let faults = faults_of(row);
        assert!(faults.contains(&(10, field.to_owned())), "{row}: {faults:?}");
        assert!(faults.iter().all(|(line, _)| *line == 10), "{row}: {faults:?}");
    }
}

#[test]
fn two_periods_of_a_code_may_touch_but_not_share_a_day() {
    let faults = faults_of(
        "370102001002,老名,community,370102001000,,,,2024-01-01,2024-06-30,\n\
         370102001002,新名,community,370102001000,,,,2024-06-30,,\n",
    );
    assert_eq!(faults, [(11, "valid_from".to_owned())]);
}

#[test]
fn a_successor_that_ends_on_the_same_day_succeeds_nothing() {
    let faults = faults_of(
        "370102001002,甲,community,370102001000,,,,2024-01-01,2024-06-30,370102001003\n\
         370102001003,乙,community,370102001000,,,,2024-01-01,2024-06-30,\n",
    );
    assert_eq!(faults, [(10, "successors".to_owned())]);
}

#[test]
fn the_periods_of_a_parent_cover_its_child_together_unless_a_day_is_missing() {
    let parent = |second_from: &str| {
        format!(
            "370102002000,老街,street,370102000000,,,,2024-01-01,2024-06-30,\n\
             370102002000,新街,street,370102000000,,,,{second_from},,\n\
             370102002001,社区,community,370102002000,,,,2024-01-01,,\n"
        )
    };
    assert!(Areas::parse("areas.csv", &format!("{HEAD}{CITY_ROWS}{}", parent("2024-07-01"))).is_ok());
    assert_eq!(faults_of(&parent("2024-07-02")), [(12, "valid_from".to_owned())]);
}

#[test]
fn a_region_that_contradicts_its_code_is_a_fault() {
    let text = "#version,1\n#scheme,unit15\ncode,name_zh,level,parent,valid_from,region\n\
                370100000000,市,city,,2024-01-01,370100\n370102000000,区,county,370100000000,2024-01-01,370103\n";
    let faults = Areas::parse("areas.csv", text).expect_err("370102 is not 370103");
    assert_eq!(
        faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect::<Vec<_>>(),
        [(Some(5), Some("region"))]
    );
}

#[test]
fn an_area_may_not_move_to_another_region_under_the_same_code() {
    let text = |version: u32, region: u32| {
        let head = format!("#version,{version}\n#scheme,free\ncode,name_zh,level,parent,valid_from,region\n");
        let rows = format!("c,市,city,,2024-01-01,370100\nd,区,county,c,2024-01-01,{region}\n");
        Areas::parse("areas.csv", &format!("{head}{rows}")).unwrap()
    };
    let faults = text(2, 370_103).check_after("areas.csv", &text(1, 370_102));
    assert_eq!(
        faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect::<Vec<_>>(),
        [(Some(5), Some("parent"))]
    );
}

#[test]
fn a_grid_never_hangs_on_a_street() {
    let rows = "#version,1\n#scheme,free\ncode,name_zh,level,parent,grid_kind,valid_from,region\n\
                c,市,city,,,2024-01-01,370100\nd,区,county,c,,2024-01-01,370102\ns,街,street,d,,2024-01-01,\n\
                g,格,grid,s,general,2024-01-01,\n";
    let faults = Areas::parse("areas.csv", rows).expect_err("the grid lies in a street");
    assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [Some(7)]);
}

#[test]
fn a_ring_of_parents_is_a_fault_of_each_area_in_it() {
    let rows = "#version,1\n#scheme,free\ncode,name_zh,level,parent,valid_from,region\n\
                c,市,city,,2024-01-01,370100\nd,区,county,c,2024-01-01,370102\n\
                s,街,street,k,2024-01-01,\nk,社,community,s,2024-01-01,\n";
    let faults = Areas::parse("areas.csv", rows).expect_err("a ring");
    let rings: Vec<_> =
        faults.iter().filter(|fault| fault.what.contains("by way of")).map(|fault| fault.line).collect();
    assert_eq!(rings, [Some(6), Some(7)]);
}

#[test]
fn all_faults_are_told_in_the_order_of_lines() {
    let rows = "370102001003,,community,370102001000,,,,2024-01-01,,\n\
                370102001004,好,community,370102001000,,,D,2024-01-01,,\n\
                370102001005,好,community,370102009000,,,,2024-01-01,,\n";
    assert_eq!(faults_of(rows), [(10, "name_zh".to_owned()), (11, "class".to_owned()), (12, "parent".to_owned())]);
}

#[test]
fn an_area_that_cannot_be_read_is_not_blamed_on_its_children() {
    let rows = "370102001003,无级,town,370102001000,,,,2024-01-01,,\n\
                370102001003001,孩子,grid,370102001003,general,,,2024-01-01,,\n";
    assert_eq!(faults_of(rows), [(10, "level".to_owned())]);
}

#[test]
fn a_document_without_version_scheme_or_rows_says_so() {
    let faults = Areas::parse("areas.csv", "code,name_zh,level,parent,valid_from\n").expect_err("nothing in it");
    let fields: Vec<_> = faults.iter().filter_map(|fault| fault.field.as_deref()).collect();
    assert_eq!(fields, ["scheme", "version"]);
}

#[test]
fn a_document_whose_columns_are_wrong_is_not_told_it_has_no_areas_as_well() {
    let told = |text: &str| -> Vec<String> {
        let faults = Areas::parse("areas.csv", text).expect_err("nothing in it");
        faults.into_iter().map(|fault| fault.what).collect()
    };
    let none = told("#version,1\n#scheme,free\ncode,name_zh,level,parent,valid_from\n");
    assert_eq!(none, ["there is not one area"]);
    let wrong = told("#version,1\n#scheme,free\ncode,name_zh,level,parent\n");
    assert!(wrong.len() == 1 && wrong != none, "{wrong:?}");
}

#[test]
fn an_area_may_be_there_for_one_day() {
    let row = "370102001003,一天,community,370102001000,,,,2024-02-01,2024-02-01,\n";
    let town = Areas::parse("areas.csv", &format!("{HEAD}{CITY_ROWS}{row}")).unwrap();
    let is_there = |day| town.get_on(&code("370102001003"), date(2024, 2, day)).is_some();
    assert_eq!([is_there(1), is_there(2)], [true, false]);
}

#[test]
fn a_city_abroad_loads_with_its_own_levels_and_codes() {
    let text = "#version,1\n#scheme,free\n#level,city,市,City\n#level,borough,行政区,Borough,region\n\
                #level,nta,街区,Neighborhood\n#level,tract,普查区,Census tract,grid\n\
                code,name_zh,name_en,level,parent,grid_kind,valid_from,region\n\
                nyc,纽约,New York,city,,,2010-01-01,036000\n\
                MN,曼哈顿,Manhattan,borough,nyc,,2010-01-01,036061\n\
                MN27,唐人街,Chinatown,nta,MN,,2010-01-01,\n\
                36061000800,普查区 8,Tract 8,tract,MN27,general,2010-01-01,\n";
    let areas = Areas::parse("areas.csv", text).unwrap();
    assert_eq!(areas.regions(), [RegionId(36_061)]);
    assert_eq!(areas.get(&code("36061000800")).map(|area| area.region), Some(RegionId(36_061)));
    assert_eq!(Areas::parse("areas.csv", &areas.to_csv()).unwrap().to_csv(), areas.to_csv());
}

#[test]
fn a_free_code_above_the_regions_needs_six_digits_of_its_own() {
    let text = "#version,1\n#scheme,free\ncode,name_zh,level,parent,valid_from,region\n\
                c,市,city,,2024-01-01,370100\nd,区,county,c,2024-01-01,\ns,街,street,d,2024-01-01,370103\n";
    let faults = Areas::parse("areas.csv", text).expect_err("the county lacks its region");
    assert_eq!(
        faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect::<Vec<_>>(),
        [(Some(5), Some("region"))]
    );
}

#[test]
fn levels_need_one_region_and_nothing_but_grids_below_grids() {
    let head = "#version,1\n#scheme,free\n#level,city,市,City\n#level,grid,网格,Grid,grid\n#level,house,楼,House\n";
    let faults = Areas::parse("a.csv", &format!("{head}code,name_zh,level,parent,valid_from\nc,市,city,,2024-01-01\n"))
        .expect_err("no region, a house below a grid");
    assert_eq!(faults.iter().map(|fault| fault.field.as_deref()).collect::<Vec<_>>(), [Some("level"), Some("level")]);
}

#[test]
fn each_level_has_a_code_and_two_names_a_known_role_and_one_line() {
    let levels_told = |line: &str| -> Vec<(Option<u32>, String)> {
        let text = format!(
            "#version,1\n#scheme,free\n#level,city,市,City\n#level,borough,区,Borough,region\n{line}\n\
             code,name_zh,level,parent,valid_from,region\nc,市,city,,2024-01-01,370100\n"
        );
        let faults = Areas::parse("a.csv", &text).err().unwrap_or_default();
        faults.into_iter().map(|fault| (fault.line, fault.what)).collect()
    };
    assert_eq!(levels_told("#level,tract,片,Tract,grid"), []);
    for (line, what) in [
        ("#level,,片,Tract", "a level lacks its code or a name"),
        ("#level,tract,,Tract", "a level lacks its code or a name"),
        ("#level,tract,片,", "a level lacks its code or a name"),
        ("#level,tract,片", "a level lacks its code or a name"),
        ("#level,tract,片,Tract,cell", "\"cell\" is not the role of a level"),
        ("#level,city,都,Town", "the level \"city\" is given twice"),
    ] {
        assert_eq!(levels_told(line), [(Some(5), what.to_owned())], "{line}");
    }
}

#[test]
fn levels_of_which_none_can_be_read_are_not_taken_for_the_usual_ones() {
    let text = "#version,1\n#scheme,free\n#level,,市,City\n\
                code,name_zh,level,parent,valid_from\nc,市,city,,2024-01-01\n";
    let faults = Areas::parse("a.csv", text).expect_err("the level has no code");
    let told: Vec<_> = faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect();
    assert_eq!(told, [(Some(3), Some("level")), (Some(3), Some("level")), (Some(5), Some("level"))]);
}

#[test]
fn a_region_is_written_with_six_digits() {
    let text = |region: &str| {
        format!(
            "#version,1\n#scheme,free\ncode,name_zh,level,parent,valid_from,region\n\
             c,市,city,,2024-01-01,370100\nd,区,county,c,2024-01-01,{region}\n"
        )
    };
    assert!(Areas::parse("a.csv", &text("370102")).is_ok());
    for wrong in ["37010", "3701022", "37010x"] {
        let faults = Areas::parse("a.csv", &text(wrong)).expect_err(wrong);
        assert!(faults.iter().any(|fault| fault.what.contains("six digits")), "{wrong}: {faults:?}");
        assert!(
            faults.iter().all(|fault| fault.line == Some(5) && fault.field.as_deref() == Some("region")),
            "{wrong}"
        );
    }
}

#[test]
fn a_new_version_may_add_and_end_areas_and_correct_names() {
    let before = town();
    let rows = CITY_ROWS.replace(
        "青年一,grid,370102001001,general,,C,2024-01-01,,",
        "青年壹,grid,370102001001,general,,B,2024-01-01,2024-12-31,370102001001003",
    );
    let added = "370102001001003,青年三,grid,370102001001,general,,,2025-01-01,,\n";
    let text = format!("{HEAD}{rows}{added}").replace("#version,1", "#version,2");
    let after = Areas::parse("areas.csv", &text).unwrap();
    assert_eq!(after.check_after("areas.csv", &before), []);
}

#[test]
fn a_new_version_may_not_change_the_past() {
    let before = {
        let rows = CITY_ROWS.replace("general,,C,2024-01-01,,", "general,,C,2024-01-01,2024-12-31,");
        let other = "370102001002,旁边,community,370102001000,,,,2024-01-01,,\n";
        Areas::parse("areas.csv", &format!("{HEAD}{rows}{other}")).unwrap()
    };
    let second = |change: &dyn Fn(String) -> String| {
        let text = change(before.to_csv()).replace("#version,1", "#version,2");
        let after = Areas::parse("areas.csv", &text).unwrap();
        let faults = after.check_after("areas.csv", &before);
        faults.into_iter().map(|fault| fault.field.unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(second(&|text| text), Vec::<String>::new());
    assert_eq!(second(&|text| text.replace("2024-12-31", "2024-11-30")), ["valid_to"]);
    assert_eq!(
        second(&|text| text
            .replace("旁边,,community,370102001000,,,,2024-01-01", "旁边,,community,370102001000,,,,2024-02-01")),
        ["code"]
    );
    assert_eq!(
        second(&|text| text.replace("旁边,,community,370102001000", "旁边,,community,370102000000")),
        ["parent"]
    );
    let same_version = before.check_after("areas.csv", &before);
    assert_eq!(same_version.into_iter().map(|fault| fault.field.unwrap_or_default()).collect::<Vec<_>>(), ["version"]);
}

/// A random tree of up to four levels under one city, with codes in the order of making.
fn trees() -> impl Strategy<Value = (String, Vec<(String, Option<usize>)>)> {
    (1..4_usize, 0..3_usize, 0..3_usize, 0..4_usize, any::<bool>()).prop_map(
        |(counties, streets, communities, grids, is_micro)| {
            let mut nodes: Vec<(String, Option<usize>)> = vec![("370100000000".to_owned(), None)];
            let mut text = String::from("#version,7\n#scheme,unit15\n");
            for (level, role) in [
                ("city", ""),
                ("county", "region"),
                ("street", ""),
                ("community", ""),
                ("grid", "grid"),
                ("micro", "grid"),
            ] {
                text.push_str(&format!("#level,{level},{level},{level},{role}\n"));
            }
            text.push_str("code,name_zh,level,parent,grid_kind,class,valid_from\n370100000000,城,city,,,,2024-01-01\n");
            let mut add = |code: String, level: &str, parent: usize, nodes: &mut Vec<(String, Option<usize>)>| {
                let kind = match level {
                    "grid" => "general",
                    "micro" => "micro",
                    _ => "",
                };
                let class = ["", "A", "B", "C"][nodes.len() % 4];
                text.push_str(&format!(
                    "{code},名{},{level},{},{kind},{class},2024-01-01\n",
                    nodes.len(),
                    nodes[parent].0
                ));
                nodes.push((code, Some(parent)));
                nodes.len() - 1
            };
            for d in 1..=counties {
                let county = add(format!("3701{d:02}000000"), "county", 0, &mut nodes);
                for s in 1..=streets {
                    let street = add(format!("3701{d:02}{s:03}000"), "street", county, &mut nodes);
                    for k in 1..=communities {
                        let community = add(format!("3701{d:02}{s:03}{k:03}"), "community", street, &mut nodes);
                        for g in 1..=grids {
                            let grid = add(format!("3701{d:02}{s:03}{k:03}{g:03}"), "grid", community, &mut nodes);
                            if is_micro {
                                add(format!("3701{d:02}{s:03}{k:03}{g:03}01"), "micro", grid, &mut nodes);
                            }
                        }
                    }
                }
            }
            (text, nodes)
        },
    )
}

proptest! {
    #[test]
    fn every_path_is_the_parents_path_and_the_area((text, nodes) in trees()) {
        let areas = Areas::parse("areas.csv", &text).unwrap();
        for (own, parent) in &nodes {
            let mut expected = parent.map_or_else(Vec::new, |at| areas.path(&code(&nodes[at].0)));
            expected.push(code(own));
            prop_assert_eq!(areas.path(&code(own)), expected);
        }
    }

    #[test]
    fn an_area_is_among_the_descendants_of_exactly_its_ancestors((text, nodes) in trees()) {
        let areas = Areas::parse("areas.csv", &text).unwrap();
        for (above, _) in &nodes {
            let below: BTreeSet<&AreaCode> = areas.descendants(&code(above)).iter().map(|area| &area.code).collect();
            for (own, _) in &nodes {
                let is_below = own != above && areas.is_within(&code(own), &code(above));
                prop_assert_eq!(below.contains(&code(own)), is_below);
                prop_assert_eq!(is_below, own != above && areas.path(&code(own)).contains(&code(above)));
            }
        }
    }

    #[test]
    fn what_is_written_reads_back_as_it_was((text, _) in trees()) {
        let areas = Areas::parse("areas.csv", &text).unwrap();
        let again = Areas::parse("areas.csv", &areas.to_csv()).unwrap();
        prop_assert_eq!(&again.all, &areas.all);
        prop_assert_eq!(again.to_csv(), areas.to_csv());
    }

    #[test]
    fn no_text_makes_the_reader_panic(rows in "[a-z0-9,;#\n\"]{0,200}", scheme in "(unit15|unit14|cjt349|free)") {
        let _ = Areas::parse("areas.csv", &rows);
        let _ = Areas::parse("areas.csv", &format!("#version,1\n#scheme,{scheme}\ncode,name_zh,level,parent,valid_from\n{rows}"));
    }

    #[test]
    fn no_code_makes_the_reader_panic(text in "\\PC{0,24}") {
        for scheme in CodeScheme::ALL {
            for role in [CodeRole::Division, CodeRole::Grid, CodeRole::Micro] {
                let _ = scheme.check(&text, role);
                let _ = scheme.check_parent(&text, role, &text);
                let _ = scheme.region_of(&text, role);
            }
        }
    }
}

/// Grids of one county: what was split, what was joined, what came from nothing.
fn changing() -> Areas {
    let text = "\
#version,1\n\
#scheme,free\n\
#level,city,市,City\n\
#level,county,区,County,region\n\
#level,grid,网格,Grid,grid\n\
#level,micro,微网格,Micro,grid\n\
code,name_zh,level,parent,grid_kind,valid_from,valid_to,successors,region\n\
1,城,city,,,2000-01-01,,,990000\n\
C,区,county,1,,2000-01-01,,,990001\n\
A,甲,grid,C,general,2000-01-01,2019-12-31,A1;A2,\n\
A1,甲一,grid,C,general,2020-01-01,2021-12-31,J,\n\
A2,甲二,grid,C,general,2020-01-01,2021-12-31,J,\n\
J,甲合,grid,C,general,2022-01-01,,,\n\
N,新,grid,C,general,2023-01-01,,,\n\
M,微,micro,N,micro,2024-01-01,2024-06-30,,\n";
    Areas::parse("areas.csv", text).unwrap()
}

#[test]
fn an_area_of_another_day_leads_to_the_one_in_force_or_to_those_that_may_be_meant() {
    let areas = changing();
    let on = |text: &str, year: i16| {
        areas
            .in_force(&code(text), date(year, 3, 1))
            .map(|area| area.code.to_string())
            .map_err(|may| may.iter().map(AreaCode::to_string).collect::<Vec<_>>())
    };
    assert_eq!(on("A", 2018), Ok("A".to_owned()));
    assert_eq!(on("A", 2020), Err(vec!["A1".to_owned(), "A2".to_owned()]), "split in two");
    assert_eq!(on("A1", 2018), Ok("A".to_owned()), "not there yet: it was part of one");
    assert_eq!(on("A2", 2024), Ok("J".to_owned()), "over: one took it in");
    assert_eq!(on("J", 2020), Err(vec!["A1".to_owned(), "A2".to_owned()]), "joined from two");
    assert_eq!(on("N", 2020), Err(Vec::new()), "nothing was there");
    assert_eq!(on("M", 2025), Err(Vec::new()));
    assert_eq!(on("none", 2020), Err(Vec::new()));
}

#[test]
fn a_path_on_a_day_runs_through_the_parents_of_that_day() {
    let areas = changing();
    let path = |text: &str, year| areas.path_on(&code(text), date(year, 3, 1)).len();
    assert_eq!((path("A", 2018), path("A", 2020), path("M", 2024)), (3, 0, 4));
}

#[test]
fn each_day_the_deepest_areas_are_those_with_nothing_below() {
    let areas = changing();
    let periods = areas.deepest_periods();
    for day in (0..9_200).step_by(13).map(|days| date(2000, 1, 1).saturating_add(jiff::Span::new().days(days))) {
        let found: Vec<&str> = periods
            .iter()
            .filter(|(_, periods)| periods.iter().any(|(from, to)| *from <= day && day <= *to))
            .map(|(code, _)| code.as_str())
            .collect();
        let there: Vec<&Area> = areas.current_on(day).collect();
        let has_below = |area: &Area| there.iter().any(|below| below.parent.as_ref() == Some(&area.code));
        let mut slow: Vec<&str> = there.iter().filter(|area| !has_below(area)).map(|area| area.code.as_str()).collect();
        slow.sort();
        assert_eq!(found, slow, "{day}");
    }
}
