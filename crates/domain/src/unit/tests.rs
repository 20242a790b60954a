use super::propose::propose;
use super::*;
use crate::catalogue::ClassKind;
use proptest::prelude::*;

const KINDS: &str = "code,zh,en,role,axis,backstop\n\
    water_utility,供水企业,Water utility,owner,,\n\
    municipal_works,市政部门,Municipal works,trade,,\n\
    sanitation,环卫部门,Sanitation,trade,,\n\
    subdistrict_office,街道办事处,Street office,territory,,yes\n\
    school,学校,School,owner,,\n\
    supervision_centre,监督中心,Supervision centre,centre,supervision,\n";
const AREAS: &str = "#version,1\n#scheme,free\ncode,name_zh,name_en,level,parent,grid_kind,host,valid_from,region\n\
    c,泉城,Spring City,city,,,,2024-01-01,370100\n\
    d,历下,,county,c,,,2024-01-01,370102\n\
    s1,解放路,,street,d,,,2024-01-01,\n\
    s2,大明湖,,street,d,,,2024-01-01,\n\
    k1,青年,,community,s1,,,2024-01-01,\n\
    k2,湖滨,,community,s2,,,2024-01-01,\n\
    g1,一,,grid,k1,general,,2024-01-01,\n\
    g2,校,,grid,k1,dedicated,school-1,2024-01-01,\n\
    g3,三,,grid,k2,general,,2024-01-01,\n";
const HEAD: &str = "#version,1\ncode,name_zh,kind,parent,area,axis\n";
const ROWS: &str = "water,供水公司,water_utility,,c,\n\
    works,市政局,municipal_works,,d,\n\
    clean,环卫局,sanitation,,d,\n\
    clean-1,解放路环卫所,sanitation,clean,s1,\n\
    office-1,解放路街道办,subdistrict_office,,s1,\n\
    office-2,大明湖街道办,subdistrict_office,,s2,\n\
    school-1,青年学校,school,,k1,\n\
    centre,监督中心,supervision_centre,,c,\n";

fn areas() -> Areas {
    Areas::parse("areas.csv", AREAS).unwrap()
}

fn kinds() -> UnitKinds {
    UnitKinds::parse("kinds.csv", KINDS).unwrap()
}

fn units() -> Units {
    Units::parse("units.csv", &format!("{HEAD}{ROWS}"), &areas(), &kinds()).unwrap()
}

fn proposed(responsible: &[&str], class: ClassKind, place: &str) -> Vec<String> {
    let responsible: Vec<UnitKind> = responsible.iter().map(|kind| UnitKind::from(*kind)).collect();
    let proposals = propose(&responsible, class, &AreaCode::from(place), &units(), &areas());
    proposals.into_iter().map(|proposal| proposal.unit.to_string()).collect()
}

#[test]
fn a_unit_takes_axis_and_region_from_its_kind_and_territory() {
    let units = units();
    let centre = units.get(&UnitCode::from("centre")).unwrap();
    assert_eq!((centre.axis, centre.region), (Axis::Supervision, RegionId(370_100)));
    let office = units.get(&UnitCode::from("office-1")).unwrap();
    assert_eq!((office.axis, office.region), (Axis::Handling, RegionId(370_102)));
}

#[test]
fn a_unit_lies_within_itself_and_those_above() {
    let units = units();
    let within = |code: &str, ancestor: &str| units.within(&UnitCode::from(code), &UnitCode::from(ancestor));
    assert!(within("clean-1", "clean") && within("clean", "clean"));
    assert!(!within("clean", "clean-1") && !within("works", "clean"));
}

#[test]
fn the_unit_with_the_closest_territory_is_found() {
    let (units, areas) = (units(), areas());
    let nearest = |place: &str| {
        let path = areas.path(&AreaCode::from(place));
        units.of_kind_for(&UnitKind::from("sanitation"), &path).map(|unit| unit.code.to_string())
    };
    assert_eq!(nearest("g1").as_deref(), Some("clean-1"));
    assert_eq!(nearest("g3").as_deref(), Some("clean"));
    assert_eq!(nearest("nowhere"), None);
}

#[test]
fn a_part_goes_to_its_owner_before_the_trade_and_the_territory() {
    let responsible = ["subdistrict_office", "municipal_works", "water_utility"];
    assert_eq!(proposed(&responsible, ClassKind::Part, "g1"), ["water", "works", "office-1"]);
}

#[test]
fn an_event_goes_to_the_smallest_territory_first() {
    let responsible = ["municipal_works", "sanitation", "subdistrict_office"];
    assert_eq!(proposed(&responsible, ClassKind::Event, "g1"), ["clean-1", "office-1", "works"]);
    assert_eq!(proposed(&responsible, ClassKind::Event, "g3"), ["office-2", "works", "clean"]);
}

#[test]
fn the_host_of_a_dedicated_grid_is_asked_first_for_events_and_after_the_owner_for_parts() {
    assert_eq!(proposed(&["sanitation"], ClassKind::Event, "g2"), ["school-1", "clean-1"]);
    assert_eq!(proposed(&["sanitation", "water_utility"], ClassKind::Part, "g2"), ["water", "school-1", "clean-1"]);
}

#[test]
fn a_closed_host_answers_for_its_grid_no_longer() {
    let rows = ROWS.replace("school,,k1,", "school,,k1,,yes");
    let text = format!("#version,1\ncode,name_zh,kind,parent,area,axis,closed\n{rows}");
    let units = Units::parse("units.csv", &text, &areas(), &kinds()).unwrap();
    let proposals = propose(&[UnitKind::from("sanitation")], ClassKind::Event, &AreaCode::from("g2"), &units, &areas());
    assert_eq!(proposals.iter().map(|proposal| proposal.unit.as_str()).collect::<Vec<_>>(), ["clean-1"]);
}

#[test]
fn a_host_from_elsewhere_who_could_not_see_the_case_is_not_asked() {
    let rows = format!("{HEAD}{}", ROWS.replace("school,,k1,", "school,,k2,"));
    let units = Units::parse("units.csv", &rows, &areas(), &kinds()).unwrap();
    let proposals = propose(&[UnitKind::from("sanitation")], ClassKind::Event, &AreaCode::from("g2"), &units, &areas());
    assert_eq!(proposals.iter().map(|proposal| proposal.unit.as_str()).collect::<Vec<_>>(), ["clean-1"]);
}

#[test]
fn what_nobody_answers_for_goes_to_the_street_office_of_the_place() {
    assert_eq!(proposed(&["school"], ClassKind::Part, "g3"), ["office-2"]);
    assert_eq!(proposed(&[], ClassKind::Event, "g1"), ["office-1"]);
    assert_eq!(proposed(&[], ClassKind::Event, "nowhere"), Vec::<String>::new());
}

#[test]
fn each_planted_fault_is_told_with_its_line_and_field() {
    let table = [
        ("water,又一,water_utility,,c,\n", "code"),
        ("a b,空格,water_utility,,c,\n", "code"),
        ("x,,water_utility,,c,\n", "name_zh"),
        ("x,无类,gas_utility,,c,\n", "kind"),
        ("x,无地,water_utility,,zz,\n", "area"),
        ("x,怪轴,water_utility,,c,both\n", "axis"),
        ("x,无上级,water_utility,zz,c,\n", "parent"),
        ("x,自己,water_utility,x,c,\n", "parent"),
    ];
    for (row, field) in table {
        let faults = Units::parse("units.csv", &format!("{HEAD}{ROWS}{row}"), &areas(), &kinds()).expect_err(row);
        let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect();
        assert_eq!(found, [(Some(11), Some(field))], "{row}");
    }
}

#[test]
fn a_ring_of_units_is_a_fault_of_each_unit_in_it() {
    let text = format!("{HEAD}a,甲,school,b,c,\nb,乙,school,a,c,\nd,丙,school,a,c,\n");
    let faults = Units::parse("units.csv", &text, &areas(), &kinds()).expect_err("a ring");
    assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [Some(3), Some(4)]);
}

#[test]
fn a_host_that_is_no_unit_is_a_fault_of_the_areas_file() {
    let text = format!("{HEAD}{}", ROWS.replace("school-1,青年学校,school,,k1,\n", ""));
    let units = Units::parse("units.csv", &text, &areas(), &kinds()).unwrap();
    let faults = units.check_hosts("areas.csv", &areas());
    assert_eq!(
        faults.iter().map(|fault| (fault.file.as_str(), fault.line)).collect::<Vec<_>>(),
        [("areas.csv", Some(11))]
    );
}

#[test]
fn kinds_with_faults_are_told_by_line() {
    let text = "code,zh,en,role,axis,backstop\na,甲,A,owner,,yes\na,甲,A,owner,,\nb,乙,B,boss,,\nc,丙,C,trade,up,yes\n";
    let faults = UnitKinds::parse("kinds.csv", text).expect_err("four faults");
    let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect();
    assert_eq!(
        found,
        [(Some(3), Some("code")), (Some(4), Some("role")), (Some(5), Some("axis")), (Some(5), Some("backstop"))]
    );
}

#[test]
fn units_are_written_as_they_are_read() {
    let units = units();
    assert_eq!(Units::parse("units.csv", &units.to_csv(), &areas(), &kinds()), Ok(units));
}

#[test]
fn a_closed_unit_keeps_its_name_and_is_given_nothing() {
    let text = format!(
        "#version,1\ncode,name_zh,kind,parent,area,axis,closed\n{}",
        ROWS.replace("clean,s1,", "clean,s1,,yes")
    );
    let units = Units::parse("units.csv", &text, &areas(), &kinds()).unwrap();
    assert!(units.get(&UnitCode::from("clean-1")).is_some_and(|unit| unit.is_closed));
    let path = areas().path(&AreaCode::from("g1"));
    let nearest = units.of_kind_for(&UnitKind::from("sanitation"), &path).map(|unit| unit.code.as_str());
    assert_eq!(nearest, Some("clean"));
    assert_eq!(Units::parse("units.csv", &units.to_csv(), &areas(), &kinds()), Ok(units));
}

#[test]
fn units_and_kinds_may_be_added_and_not_dropped() {
    let without = |text: &str, row: &str| text.replace(row, "");
    let fewer = format!("{HEAD}{}", without(ROWS, "works,市政局,municipal_works,,d,\n"));
    let fewer = Units::parse("units.csv", &fewer, &areas(), &kinds()).unwrap();
    assert_eq!(units().check_after("units.csv", &fewer), []);
    assert_eq!(fewer.check_after("units.csv", &units()).len(), 1);
    let few_kinds = UnitKinds::parse("kinds.csv", &without(KINDS, "school,学校,School,owner,,\n")).unwrap();
    assert_eq!(kinds().check_after("kinds.csv", &few_kinds), []);
    assert_eq!(few_kinds.check_after("kinds.csv", &kinds()).len(), 1);
}

proptest! {
    #[test]
    fn a_proposal_is_never_given_twice_and_always_covers_the_place(
        responsible in prop::collection::vec(prop::sample::select(vec![
            "water_utility", "municipal_works", "sanitation", "subdistrict_office", "school", "nobody",
        ]), 0..6),
        place in prop::sample::select(vec!["c", "d", "s1", "k2", "g1", "g2", "g3"]),
        class in prop::sample::select(vec![ClassKind::Part, ClassKind::Event]),
    ) {
        let found = proposed(&responsible, class, place);
        let distinct: std::collections::BTreeSet<_> = found.iter().collect();
        prop_assert_eq!(distinct.len(), found.len());
        let (units, areas) = (units(), areas());
        for unit in found {
            let unit = units.get(&UnitCode::from(unit.as_str())).unwrap();
            prop_assert!(areas.is_within(&AreaCode::from(place), &unit.area));
        }
    }
}
