use super::*;
use crate::sla::ClockKind;
use crate::unit::UnitKinds;
use proptest::prelude::*;

const KINDS: &str = "code,zh,en,role,axis,backstop\nwater_utility,供水企业,Water utility,owner,,\n\
                     sanitation,环卫部门,Sanitation,trade,,\n";
const HEAD: &str = "#scheme,mine\n#version,2\n#title,测试,Test\n\
    code,major_zh,major_en,name_zh,name_en,responsible,condition,defect,filing_zh,filing_en,limit,limit_a,limit_b,limit_c,closing_zh,closing_en,source\n";
const ROWS: &str = "\
    part-01-01,公用,Public,上水井盖,Water cover,water_utility,1,missing,缺失,missing,2h,1h,,,恢复,restored,S\n\
    part-01-01,,,,,,2,damaged,破损,damaged,2wd,,,,修好;清理干净,repaired;cleaned,S\n\
    event-01-01,市容,Appearance,暴露垃圾,Waste,sanitation;water_utility,1,waste,有垃圾,waste,,30m,4wh,2d,清掉,cleared,S\n";

fn kinds() -> UnitKinds {
    UnitKinds::parse("kinds.csv", KINDS).unwrap()
}

fn parse(rows: &str) -> Result<Catalogue, Vec<crate::fault::Fault>> {
    Catalogue::parse("c.csv", &format!("{HEAD}{rows}"), &kinds())
}

fn working(minutes: u32) -> Limit {
    Limit { minutes, kind: ClockKind::Working }
}

fn continuous(minutes: u32) -> Limit {
    Limit { minutes, kind: ClockKind::Continuous }
}

#[test]
fn a_limit_is_that_of_the_grade_or_the_default() {
    let catalogue = parse(ROWS).unwrap();
    let cover = catalogue.get(&ClassCode::from("part-01-01")).unwrap();
    let missing = cover.condition(1).unwrap().limits;
    assert_eq!((missing.of(AreaClass::A), missing.of(AreaClass::B)), (continuous(60), continuous(120)));
    assert_eq!(cover.condition(2).unwrap().limits, Limits::all(working(960)));
    let waste = catalogue.get(&ClassCode::from("event-01-01")).unwrap().condition(1).unwrap().limits;
    assert_eq!(waste, Limits { a: continuous(30), b: working(240), c: continuous(2880) });
}

#[test]
fn a_closing_condition_is_a_list_of_ticks_in_both_languages() {
    let catalogue = parse(ROWS).unwrap();
    let ticks = &catalogue.classes()[0].conditions[1].closing;
    let zh: Vec<&str> = ticks.iter().map(|tick| tick.zh.as_str()).collect();
    let en: Vec<&str> = ticks.iter().map(|tick| tick.en.as_str()).collect();
    assert_eq!((zh, en), (vec!["修好", "清理干净"], vec!["repaired", "cleaned"]));
}

#[test]
fn conditions_stand_by_number_whatever_the_order_of_their_rows() {
    let late =
        "part-01-01,,,,,,4,x,第四,fourth,2h,,,,结案,close,S\npart-01-01,,,,,,3,x,第三,third,2h,,,,结案,close,S\n";
    let catalogue = parse(&format!("{ROWS}{late}")).unwrap();
    let numbers: Vec<u8> = catalogue.classes()[0].conditions.iter().map(|condition| condition.no).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
}

#[test]
fn a_class_without_plain_words_goes_by_its_official_name() {
    let catalogue = parse(ROWS).unwrap();
    assert_eq!(catalogue.classes()[0].plain_zh, "上水井盖");
}

#[test]
fn each_planted_fault_is_told_with_its_line_and_field() {
    let good = |code: &str| format!("{code},公用,Public,名,Name,,1,x,立案,file,2h,,,,结案,close,S\n");
    let table = [
        (good("part-01"), "code"),
        (good("thing-01-02"), "code"),
        (good("part-01-A"), "code"),
        (good("part-01-02").replace("公用", "公共"), "major_zh"),
        (good("part-01-02").replace(",名,", ",,"), "name_zh"),
        (good("part-01-02").replace(",Name,,", ",Name,gas_utility,"), "responsible"),
        (good("part-01-02").replace(",Name,,", ",Name,sanitation;sanitation,"), "responsible"),
        (good("part-01-02").replace(",1,x,立案,file,2h,,,,结案,close,S", ",,,,,,,,,,,"), "condition"),
        (good("part-01-02").replace(",1,x", ",0,x"), "condition"),
        (good("part-01-02").replace(",1,x", ",256,x"), "condition"),
        (good("part-01-02").replace(",1,x", ",one,x"), "condition"),
        (good("part-01-02").replace(",1,x", ",1,"), "defect"),
        (good("part-01-02").replace("立案", ""), "filing_zh"),
        (good("part-01-02").replace("2h", ""), "limit"),
        (good("part-01-02").replace("2h", "0h"), "limit"),
        (good("part-01-02").replace("2h", "2 hours"), "limit"),
        (good("part-01-02").replace("2h,,,", ",1h,2h,"), "limit"),
        (good("part-01-02").replace("2h,,", "2h,x,"), "limit_a"),
        (good("part-01-02").replace("结案", ""), "closing_zh"),
        (good("part-01-02").replace("结案", "结案;清理"), "closing_en"),
        ("part-01-01,,,,,,2,x,立案,file,2h,,,,结案,close,S\n".to_owned(), "condition"),
        ("part-01-01,,,别名,,,3,x,立案,file,2h,,,,结案,close,S\n".to_owned(), "name_zh"),
    ];
    for (row, field) in table {
        let faults = parse(&format!("{ROWS}{row}")).expect_err(&row);
        let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect();
        assert_eq!(found, [(Some(8), Some(field))], "{row}");
    }
}

#[test]
fn a_document_without_its_settings_says_which() {
    let text = HEAD.lines().last().unwrap_or_default();
    let faults = Catalogue::parse("c.csv", text, &kinds()).expect_err("no settings");
    let fields: Vec<_> = faults.iter().filter_map(|fault| fault.field.as_deref()).collect();
    assert_eq!(fields, ["scheme", "title", "version"]);
}

#[test]
fn the_current_catalogue_is_the_highest_version_and_old_ones_stay() {
    let mut all = Catalogues::default();
    for version in [2, 1, 3] {
        let text = HEAD.replace("#version,2", &format!("#version,{version}"));
        all.insert(Catalogue::parse("c.csv", &format!("{text}{ROWS}"), &kinds()).unwrap());
    }
    assert_eq!(all.current("mine").map(|catalogue| catalogue.version), Some(3));
    assert_eq!(all.get("mine", 1).map(|catalogue| catalogue.version), Some(1));
    assert_eq!(all.current("other"), None);
}

fn parse_with(attributes: &str) -> Result<Catalogue, Vec<crate::fault::Fault>> {
    Catalogue::parse("c.csv", &format!("{attributes}{HEAD}{ROWS}"), &kinds())
}

#[test]
fn attributes_are_given_to_their_classes_and_written_back() {
    let catalogue = parse_with(
        "#attribute,event-01-01,kind,singlevaluelist,yes,什么垃圾,What waste,home=生活=Household;build=建筑=Building\n\
         #attribute,event-01-01,size,number,,多大,How big\n",
    )
    .unwrap();
    let waste = catalogue.get(&ClassCode::from("event-01-01")).unwrap();
    let found: Vec<_> =
        waste.attributes.iter().map(|a| (a.code.as_str(), a.datatype, a.is_required, a.values.len())).collect();
    assert_eq!(found, [("kind", Datatype::SingleValueList, true, 2), ("size", Datatype::Number, false, 0)]);
    assert_eq!(Catalogue::parse("c.csv", &catalogue.to_csv(), &kinds()), Ok(catalogue));
}

#[test]
fn each_attribute_with_a_fault_is_told_with_its_line() {
    let table = [
        "#attribute,event-09-09,kind,string,,问,Ask\n",
        "#attribute,event-01-01,kind,list,,问,Ask\n",
        "#attribute,event-01-01,kind,string,maybe,问,Ask\n",
        "#attribute,event-01-01,kind,string,,,Ask\n",
        "#attribute,event-01-01,kind,singlevaluelist,,问,Ask\n",
        "#attribute,event-01-01,kind,singlevaluelist,,问,Ask,a=甲\n",
        "#attribute,event-01-01,kind,string,,问,Ask,a=甲=A\n",
        "#attribute,event-01-01,first,string,,问,Ask\n",
    ];
    for row in table {
        let faults = parse_with(&format!("#attribute,event-01-01,first,string,,问,Ask\n{row}")).expect_err(row);
        let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect();
        assert_eq!(found, [(Some(2), Some("attribute"))], "{row}");
    }
}

proptest! {
    #[test]
    fn a_limit_is_written_as_it_is_read(minutes in 1..100_000_u32, day in 1..1441_u32, is_working: bool) {
        let kind = if is_working { ClockKind::Working } else { ClockKind::Continuous };
        let limit = Limit { minutes, kind };
        prop_assert_eq!(limit_text::parse(&limit_text(limit, day), day), Some(limit));
    }

    #[test]
    fn what_is_written_reads_back_as_it_was(
        shapes in prop::collection::vec((1..4_u8, 1..5_000_u32, any::<[bool; 3]>()), 1..8),
    ) {
        let mut text = HEAD.to_owned();
        for (at, (conditions, minutes, [is_working, has_a, has_c])) in shapes.iter().enumerate() {
            for no in 1..=*conditions {
                let clock = if *is_working { "w" } else { "" };
                let a = if *has_a { "1h" } else { "" };
                let c = if *has_c { "9d" } else { "" };
                let class = if no == 1 { "大类,Major,\"名,\"\"引\"\"\",Name,sanitation" } else { ",,,," };
                text.push_str(&format!("part-01-{at},{class},{no},x,立案{no},file {no},{minutes}{clock}m,{a},,{c},甲;乙,a;b,S\n"));
            }
        }
        let catalogue = Catalogue::parse("c.csv", &text, &kinds()).unwrap();
        prop_assert_eq!(Catalogue::parse("c.csv", &catalogue.to_csv(), &kinds()), Ok(catalogue));
    }

    #[test]
    fn no_text_makes_the_reader_panic(rows in "[a-z0-9,;=#\n\"-]{0,200}") {
        let _ = parse(&rows);
        let _ = Catalogue::parse("c.csv", &rows, &kinds());
        let _ = UnitKinds::parse("kinds.csv", &rows);
    }
}

mod shipped {
    use super::*;
    use crate::area::Areas;
    use crate::ids::AreaCode;
    use crate::unit::{Units, propose::propose};
    use std::collections::BTreeSet;

    const GBT30428: &str = include_str!("../../../../data/catalogue/gbt30428.csv");
    const CJT214: &str = include_str!("../../../../data/catalogue/cjt214.csv");
    const NYC311: &str = include_str!("../../../../data/catalogue/nyc311.csv");
    const OTHER_CITIES: &str = include_str!("../../../../data/catalogue/reference/other_cities.csv");
    const NYC_AGENCIES: &str = include_str!("../../../../data/units/nyc_agencies.csv");
    const NYC: &str = include_str!("../../../../data/areas/nyc.csv");

    fn kinds() -> UnitKinds {
        UnitKinds::parse("kinds.csv", include_str!("../../../../data/units/kinds.csv"))
            .expect("the shipped kinds are sound")
    }

    fn shipped(file: &str, text: &str) -> Catalogue {
        match Catalogue::parse(file, text, &kinds()) {
            Ok(catalogue) => catalogue,
            Err(faults) => panic!("{}", faults.iter().map(|fault| format!("{fault}\n")).collect::<String>()),
        }
    }

    fn all() -> [Catalogue; 3] {
        [shipped("gbt30428.csv", GBT30428), shipped("cjt214.csv", CJT214), shipped("nyc311.csv", NYC311)]
    }

    #[test]
    fn every_shipped_file_is_without_fault_and_complete() {
        let sizes = all().map(|catalogue| {
            (
                catalogue.scheme.clone(),
                catalogue.classes().len(),
                catalogue.classes().iter().map(|class| class.conditions.len()).sum::<usize>(),
            )
        });
        assert_eq!(
            sizes,
            [("gbt30428".to_owned(), 196, 540), ("cjt214".to_owned(), 136, 410), ("nyc311".to_owned(), 99, 99)]
        );
        let others = shipped("other_cities.csv", OTHER_CITIES);
        assert_eq!(others.classes().iter().map(|class| class.conditions.len()).sum::<usize>(), 15);
    }

    #[test]
    fn the_shipped_files_are_written_as_they_are_read() {
        for catalogue in all() {
            let again = shipped("again.csv", &catalogue.to_csv());
            assert_eq!(again, catalogue);
        }
    }

    #[test]
    fn a_missing_water_cover_is_to_be_made_safe_in_two_hours_day_and_night() {
        let catalogue = shipped("gbt30428.csv", GBT30428);
        let cover = catalogue.get(&ClassCode::from("part-01-01")).unwrap();
        assert_eq!((cover.name_zh.as_str(), cover.major_zh.as_str()), ("上水井盖", "公用设施"));
        let missing = cover.condition(1).unwrap();
        assert_eq!(missing.limits, Limits::all(continuous(120)));
        assert!(missing.urgent);
        assert_eq!(cover.condition(3).unwrap().limits, Limits::all(working(960)));
    }

    #[test]
    fn the_same_digits_name_different_things_in_the_two_numberings() {
        let [gbt, cjt, _] = all();
        let name =
            |catalogue: &Catalogue| catalogue.get(&ClassCode::from("part-01-18")).map(|class| class.name_zh.clone());
        assert_eq!(name(&gbt).as_deref(), Some("化粪池井盖"));
        assert_eq!(name(&cjt).as_deref(), Some("路灯"));
    }

    #[test]
    fn words_on_screen_are_in_the_language_they_claim() {
        let is_han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for catalogue in all() {
            for class in catalogue.classes() {
                let en = [&class.name_en, &class.plain_en, &class.major_en];
                let zh = [&class.name_zh, &class.plain_zh, &class.major_zh];
                assert!(zh.iter().all(|text| is_han(text)) && !en.iter().any(|text| is_han(text)), "{}", class.code);
                for condition in &class.conditions {
                    assert!(
                        is_han(&condition.filing_zh) && !is_han(&condition.filing_en),
                        "{} {}",
                        class.code,
                        condition.no
                    );
                    assert!(
                        condition.closing.iter().all(|tick| is_han(&tick.zh) && !is_han(&tick.en)),
                        "{}",
                        class.code
                    );
                    assert!(!condition.source.is_empty() && !class.provenance.is_empty(), "{}", class.code);
                }
            }
        }
    }

    #[test]
    fn no_two_conditions_of_a_class_read_alike() {
        for catalogue in all() {
            for class in catalogue.classes() {
                let distinct: BTreeSet<_> = class.conditions.iter().map(|condition| &condition.filing_zh).collect();
                assert_eq!(distinct.len(), class.conditions.len(), "{} {}", catalogue.scheme, class.code);
            }
        }
    }

    #[test]
    fn nobody_in_need_and_no_gathering_is_a_class() {
        for catalogue in all() {
            for class in catalogue.classes() {
                let words = format!("{}{}{}", class.name_zh, class.plain_zh, class.name_en.to_lowercase());
                for never in ["乞讨", "流浪人", "群体性", "群发性", "上访", "信访", "panhandling", "homeless", "loiter"]
                {
                    assert!(!words.contains(never), "{} {}", catalogue.scheme, class.code);
                }
            }
        }
    }

    #[test]
    fn vendors_are_advised_before_anything_else() {
        let [gbt, cjt, nyc] = all();
        let classes = [
            (&gbt, "event-04-01"),
            (&gbt, "event-04-02"),
            (&gbt, "event-04-05"),
            (&gbt, "event-04-06"),
            (&cjt, "event-05-01"),
            (&cjt, "event-05-04"),
            (&nyc, "event-street-vending"),
        ];
        for (catalogue, code) in classes {
            let class = catalogue.get(&ClassCode::from(code)).unwrap();
            let first = &class.condition(1).unwrap().closing[0];
            assert!(
                first.zh.contains("先行劝导") && first.en.starts_with("advised first"),
                "{} {code}",
                catalogue.scheme
            );
        }
    }

    #[test]
    fn a_camera_is_a_thing_to_repair_and_nothing_else() {
        for catalogue in all() {
            for class in catalogue.classes().iter().filter(|class| class.name_zh.contains("监控")) {
                assert_eq!(class.kind, ClassKind::Part);
                let defects: BTreeSet<&str> =
                    class.conditions.iter().map(|condition| condition.code.as_str()).collect();
                assert!(
                    defects.is_subset(&BTreeSet::from(["fallen", "electric", "dirty", "abandoned"])),
                    "{defects:?}"
                );
            }
        }
    }

    #[test]
    fn every_class_of_new_york_finds_an_agency_at_every_place() {
        let areas = Areas::parse("nyc.csv", NYC).unwrap();
        let units =
            Units::parse("nyc_agencies.csv", NYC_AGENCIES, &areas, &kinds()).expect("the shipped agencies are sound");
        assert_eq!((areas.regions().len(), areas.all().len()), (5, 1 + 5 + 195 + 2166));
        let tract = AreaCode::from("36061000800");
        for class in shipped("nyc311.csv", NYC311).classes() {
            let proposals = propose(&class.responsible, class.kind, &tract, &units, &areas);
            assert!(!proposals.is_empty(), "{}", class.code);
        }
        let fallback = propose(&[], ClassKind::Event, &tract, &units, &areas);
        assert_eq!(fallback[0].unit.as_str(), "mn-office");
    }

    #[test]
    fn the_examples_of_the_paper_on_formats_are_without_fault() {
        let paper = include_str!("../../../../docs/data-formats.md");
        let example = |name: &str| {
            let from = paper.split(&format!("```csv {name}\n")).nth(1).expect("the paper has this example");
            from.split("```").next().unwrap_or_default().to_owned()
        };
        let areas = Areas::parse("areas", &example("areas")).unwrap();
        let kinds = UnitKinds::parse("kinds", &example("kinds")).unwrap();
        let units = Units::parse("units", &example("units"), &areas, &kinds).unwrap();
        assert_eq!(units.check_hosts("areas", &areas), []);
        Catalogue::parse("catalogue", &example("catalogue"), &kinds).unwrap();
    }
}
