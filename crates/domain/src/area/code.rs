//! Official codes, read digit by digit: divisions, unit grids, parts.
//!
//! Knows the shape of a code and what one code says about another, and nothing of what areas exist. Start at
//! [`CodeScheme::check`].
//!
//! Sources: GB/T 2260 (the six digits to the county), GB/T 10114 (the three of the street) and the statistical
//! division code of twelve digits; DB11 unit grids and GB/T 30428.1 (15 digits), CJ/T 213 (14 digits), CJ/T 349
//! (20 digits). The national texts were not read: the shapes are those of programmes that follow them.

use crate::ids::RegionId;
use crate::table::{Words, words};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Which official numbering the codes of a city follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeScheme {
    /// Divisions by 12 digits, grids by 12 + 3 (DB11, GB/T 30428.1).
    Unit15,
    /// Divisions by 12 digits, grids by 12 + 2 (CJ/T 213).
    Unit14,
    /// Divisions by 12 digits, grids by 6 + 12 + 2 (CJ/T 349).
    Cjt349,
    /// Any code of letters, digits, `-`, `_` and `.`: other countries, and cities with a numbering of their own.
    Free,
}

/// What sort of area a code names. The schemes write each differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRole {
    /// From the province down to the community.
    Division,
    Grid,
    /// A part of a grid: the grid's code and two digits, as no standard numbers them.
    Micro,
}

/// Why a code cannot stand, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCode {
    pub what: Words,
    pub fix: Words,
}

impl CodeScheme {
    pub const ALL: [CodeScheme; 4] = [CodeScheme::Unit15, CodeScheme::Unit14, CodeScheme::Cjt349, CodeScheme::Free];

    /// As written in a document's `#scheme`.
    pub const fn name(self) -> &'static str {
        match self {
            CodeScheme::Unit15 => "unit15",
            CodeScheme::Unit14 => "unit14",
            CodeScheme::Cjt349 => "cjt349",
            CodeScheme::Free => "free",
        }
    }

    /// Is this a code of the scheme, part by part?
    pub fn check(self, code: &str, role: CodeRole) -> Result<(), BadCode> {
        match (self, role) {
            (CodeScheme::Free, _) => check_free(code),
            (_, CodeRole::Division) => code.parse::<DivisionCode>().map(drop),
            (_, CodeRole::Grid) => GridCode::parse(self, code).map(drop),
            (_, CodeRole::Micro) => {
                all_digits(code)?;
                let (grid, part) = split_end(code, 2)?;
                GridCode::parse(self, grid)?;
                number(part, "微网格序号", "micro-grid number", 1..=99).map(drop)
            }
        }
    }

    /// Does the code of a child continue its parent's? Both must have passed [`CodeScheme::check`].
    pub fn check_parent(self, child: &str, child_role: CodeRole, parent: &str) -> Result<(), BadCode> {
        let continues = match (self, child_role) {
            (CodeScheme::Free, _) => true,
            (_, CodeRole::Division) => match (child.parse::<DivisionCode>(), parent.parse::<DivisionCode>()) {
                (Ok(child), Ok(parent)) => child.lies_in(&parent),
                _ => false,
            },
            (_, CodeRole::Grid) => match (GridCode::parse(self, child), parent.parse::<DivisionCode>()) {
                (Ok(child), Ok(parent)) => child.division == parent,
                _ => false,
            },
            (_, CodeRole::Micro) => split_end(child, 2).is_ok_and(|(grid, _)| grid == parent),
        };
        if continues {
            return Ok(());
        }
        Err(BadCode {
            what: words(
                format!("编码 {child} 不以上级 {parent} 的编码开头"),
                format!("the code {child} does not continue its parent's, {parent}"),
            ),
            fix: words("改正编码或上级", "correct the code or the parent"),
        })
    }

    /// The six digits a code begins its place with; nothing for [`CodeScheme::Free`] and for codes that do not parse.
    pub fn region_of(self, code: &str, role: CodeRole) -> Option<RegionId> {
        match (self, role) {
            (CodeScheme::Free, _) => None,
            (_, CodeRole::Division) => code.parse::<DivisionCode>().ok().map(|division| division.region()),
            (_, CodeRole::Grid) => GridCode::parse(self, code).ok().map(|grid| grid.division.region()),
            (_, CodeRole::Micro) => self.region_of(split_end(code, 2).ok()?.0, CodeRole::Grid),
        }
    }

    /// The community a grid's code says it lies in, as twelve digits.
    pub fn community_of(self, grid: &str) -> Option<DivisionCode> {
        GridCode::parse(self, grid).ok().map(|grid| grid.division)
    }
}

impl fmt::Display for CodeScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CodeScheme {
    type Err = BadCode;
    fn from_str(text: &str) -> Result<Self, BadCode> {
        CodeScheme::ALL.into_iter().find(|scheme| scheme.name() == text).ok_or_else(|| BadCode {
            what: words(format!("没有名为“{text}”的编码规则"), format!("there is no code scheme {text:?}")),
            fix: words("写 unit15、unit14、cjt349 或 free", "write unit15, unit14, cjt349 or free"),
        })
    }
}

/// A division of the state, from the province to the community: 2 + 2 + 2 + 3 + 3 digits, zeros where it goes no deeper.
///
/// Read from 2, 4, 6, 9 or 12 digits; always written with 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionCode {
    pub province: u8,
    pub prefecture: u8,
    pub county: u8,
    pub street: u16,
    pub community: u16,
}

/// How deep a division code goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DivisionRank {
    Province,
    Prefecture,
    County,
    Street,
    Community,
}

/// What the three digits of the street say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreetKind {
    /// 001–099 街道
    Subdistrict,
    /// 100–199 镇
    Town,
    /// 200–399 乡
    Township,
    /// 400–599 farms, development zones and the like
    Other,
}

/// What the three digits of the community say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommunityKind {
    /// 001–199 居委会
    Residents,
    /// 200–399 村委会
    Village,
    /// 400–999: zones counted like a community, and communities merged later (from 601)
    Other,
}

impl DivisionCode {
    pub fn rank(&self) -> DivisionRank {
        match (self.prefecture, self.county, self.street, self.community) {
            (.., 1..) => DivisionRank::Community,
            (_, _, 1.., _) => DivisionRank::Street,
            (_, 1.., ..) => DivisionRank::County,
            (1.., ..) => DivisionRank::Prefecture,
            _ => DivisionRank::Province,
        }
    }

    /// Strictly inside: the parent's digits are the beginning of this code's, and this one goes deeper.
    pub fn lies_in(&self, parent: &DivisionCode) -> bool {
        if self.rank() <= parent.rank() {
            return false;
        }
        let province = self.province == parent.province;
        let prefecture = province && self.prefecture == parent.prefecture;
        let county = prefecture && self.county == parent.county;
        match parent.rank() {
            DivisionRank::Province => province,
            DivisionRank::Prefecture => prefecture,
            DivisionRank::County => county,
            DivisionRank::Street | DivisionRank::Community => county && self.street == parent.street,
        }
    }

    /// The six digits of the county (or of what stands in its place, in cities without counties).
    pub fn region(&self) -> RegionId {
        RegionId(u32::from(self.province) * 10_000 + u32::from(self.prefecture) * 100 + u32::from(self.county))
    }

    pub fn street_kind(&self) -> Option<StreetKind> {
        match self.street {
            1..=99 => Some(StreetKind::Subdistrict),
            100..=199 => Some(StreetKind::Town),
            200..=399 => Some(StreetKind::Township),
            400..=599 => Some(StreetKind::Other),
            _ => None,
        }
    }

    pub fn community_kind(&self) -> Option<CommunityKind> {
        match self.community {
            0 => None,
            1..=199 => Some(CommunityKind::Residents),
            200..=399 => Some(CommunityKind::Village),
            _ => Some(CommunityKind::Other),
        }
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { province, prefecture, county, street, community } = self;
        write!(f, "{province:02}{prefecture:02}{county:02}{street:03}{community:03}")
    }
}

impl FromStr for DivisionCode {
    type Err = BadCode;
    fn from_str(text: &str) -> Result<Self, BadCode> {
        all_digits(text)?;
        if ![2, 4, 6, 9, 12].contains(&text.len()) {
            return Err(BadCode {
                what: words(
                    format!("区划代码 {text} 有 {} 位", text.len()),
                    format!("the division code {text} has {} digits", text.len()),
                ),
                fix: words(
                    "用 12 位（省 2 市 2 县 2 街道 3 社区 3），或只写到所在级",
                    "use 12 digits, or those down to its level (2, 4, 6 or 9)",
                ),
            });
        }
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or("0");
        let code = DivisionCode {
            province: small(number(part(0, 2), "省级两位", "province part", 11..=82)?),
            prefecture: small(number(part(2, 4), "市级两位", "prefecture part", 0..=99)?),
            county: small(number(part(4, 6), "县级两位", "county part", 0..=99)?),
            street: number(part(6, 9), "街道（乡镇）三位", "street part", 0..=599)?,
            community: number(part(9, 12), "社区（村）三位", "community part", 0..=999)?,
        };
        let hole = match (code.prefecture, code.county, code.street, code.community) {
            (_, _, 0, 1..) => Some(("社区之上没有街道", "it names a community but no street")),
            (0, 1.., ..) | (0, _, 1.., _) => {
                Some(("县或街道之上没有市", "it names a county or street but no prefecture"))
            }
            _ => None,
        };
        match hole {
            Some((zh, en)) => Err(BadCode {
                what: words(
                    format!("区划代码 {text} 不完整：{zh}"),
                    format!("the division code {text} has a hole: {en}"),
                ),
                fix: words("补上中间各级", "fill in the levels between"),
            }),
            None => Ok(code),
        }
    }
}

/// A unit grid: its community and its number there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridCode {
    /// The six digits of the service object in CJ/T 349; nothing in the other schemes.
    pub object_class: Option<String>,
    pub division: DivisionCode,
    /// From 1; 0 only in CJ/T 349, where it says that the community is not split.
    pub sequence: u16,
}

impl GridCode {
    pub fn parse(scheme: CodeScheme, text: &str) -> Result<Self, BadCode> {
        let (digits, class, sequence, from) = match scheme {
            CodeScheme::Unit15 => (15, 0, 3, 1),
            CodeScheme::Unit14 => (14, 0, 2, 1),
            CodeScheme::Cjt349 => (20, 6, 2, 0),
            CodeScheme::Free => {
                return Err(BadCode {
                    what: words("自定编码没有固定结构", "a free code has no parts"),
                    fix: words("不要拆分自定编码", "do not take free codes apart"),
                });
            }
        };
        all_digits(text)?;
        if text.len() != digits {
            return Err(BadCode {
                what: words(
                    format!("网格编码 {text} 有 {} 位，应为 {digits} 位", text.len()),
                    format!("the grid code {text} has {} digits instead of {digits}", text.len()),
                ),
                fix: words(
                    format!("社区 12 位加网格序号，共 {digits} 位"),
                    format!("write the community's digits and the grid's number, {digits} in all"),
                ),
            });
        }
        let (object, rest) = text.split_at(class);
        let (division, number_text) = split_end(rest, sequence)?;
        let division: DivisionCode = division.parse()?;
        if division.rank() != DivisionRank::Community {
            return Err(BadCode {
                what: words(
                    format!("网格编码 {text} 没有写明社区（村）"),
                    format!("the grid code {text} names no community"),
                ),
                fix: words("每个网格属于且只属于一个社区（村）", "let each grid lie in exactly one community"),
            });
        }
        Ok(Self {
            object_class: (class > 0).then(|| object.to_owned()),
            division,
            sequence: number(number_text, "网格序号", "grid number", from..=999)?,
        })
    }
}

/// A part's identification code, 16 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartCode {
    pub region: RegionId,
    pub major: u8,
    /// Two digits, or three in the newer form.
    pub minor: u16,
    pub sequence: u32,
    pub form: PartCodeForm,
}

/// How the last ten digits of a part's code are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartCodeForm {
    /// 6 + 2 + 2 + 6 (CJ/T 214, GB/T 30428.2-2013)
    Minor2,
    /// 6 + 2 + 3 + 5 (newer drafts: minors 001–079 standard, 080–999 local)
    Minor3,
}

impl PartCode {
    pub fn parse(text: &str, form: PartCodeForm) -> Result<Self, BadCode> {
        all_digits(text)?;
        if text.len() != 16 {
            return Err(BadCode {
                what: words(
                    format!("部件标识码 {text} 有 {} 位，应为 16 位", text.len()),
                    format!("the part code {text} has {} digits instead of 16", text.len()),
                ),
                fix: words(
                    "县级区划 6 位、大类 2 位、小类与序号共 8 位",
                    "write 6 digits of the county, 2 of the major class, 8 of minor class and number",
                ),
            });
        }
        let minor_to = match form {
            PartCodeForm::Minor2 => 10,
            PartCodeForm::Minor3 => 11,
        };
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or("0");
        let division: DivisionCode = part(0, 6).parse()?;
        Ok(Self {
            region: division.region(),
            major: small(number(part(6, 8), "大类", "major class", 1..=99)?),
            minor: number(part(8, minor_to), "小类", "minor class", 1..=999)?,
            sequence: long_number(part(minor_to, 16)),
            form,
        })
    }
}

impl fmt::Display for PartCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, major, minor, sequence, form } = self;
        match form {
            PartCodeForm::Minor2 => write!(f, "{region}{major:02}{minor:02}{sequence:06}"),
            PartCodeForm::Minor3 => write!(f, "{region}{major:02}{minor:03}{sequence:05}"),
        }
    }
}

fn check_free(code: &str) -> Result<(), BadCode> {
    let fits = (1..=40).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if fits {
        return Ok(());
    }
    Err(BadCode {
        what: words(format!("“{code}”不能用作编码"), format!("{code:?} cannot be a code")),
        fix: words("用 1–40 个字母、数字、- _ .", "use 1 to 40 letters, digits, - _ ."),
    })
}

fn all_digits(text: &str) -> Result<(), BadCode> {
    match text.chars().find(|c| !c.is_ascii_digit()) {
        None => Ok(()),
        Some(other) => Err(BadCode {
            what: words(format!("编码 {text} 里有“{other}”"), format!("the code {text} holds {other:?}")),
            fix: words("官方编码只用半角数字", "official codes are digits only"),
        }),
    }
}

/// The code without its last digits, and those.
fn split_end(text: &str, digits: usize) -> Result<(&str, &str), BadCode> {
    text.len().checked_sub(digits).and_then(|at| text.split_at_checked(at)).ok_or_else(|| BadCode {
        what: words(format!("编码 {text} 太短"), format!("the code {text} is too short")),
        fix: words("补全编码", "complete the code"),
    })
}

fn number(text: &str, zh: &str, en: &str, range: std::ops::RangeInclusive<u16>) -> Result<u16, BadCode> {
    match text.parse::<u16>() {
        Ok(value) if range.contains(&value) => Ok(value),
        _ => Err(BadCode {
            what: words(
                format!("{zh}“{text}”不在 {}–{} 之间", range.start(), range.end()),
                format!("the {en} {text:?} is not within {}–{}", range.start(), range.end()),
            ),
            fix: words("对照官方代码表改正", "correct it after the official list of codes"),
        }),
    }
}

fn small(two_digits: u16) -> u8 {
    u8::try_from(two_digits).expect("two digits fit in a byte")
}

fn long_number(at_most_six_digits: &str) -> u32 {
    at_most_six_digits.parse().expect("the caller checked that these are digits, at most six")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_part_by_part() {
        use CodeRole::{Division, Grid, Micro};
        use CodeScheme::{Cjt349, Free, Unit14, Unit15};
        let table = [
            (Unit15, Division, "11", true),
            (Unit15, Division, "1101", true),
            (Unit15, Division, "110101", true),
            (Unit15, Division, "110101001", true),
            (Unit15, Division, "110101001002", true),
            (Unit15, Division, "441900003000", true),
            (Unit15, Division, "11010100100", false),
            (Unit15, Division, "000101001002", false),
            (Unit15, Division, "990101001002", false),
            (Unit15, Division, "110101600002", false),
            (Unit15, Division, "110101000002", false),
            (Unit15, Division, "110001001002", false),
            (Unit15, Division, "11010100100a", false),
            (Unit15, Division, "１１０１０１", false),
            (Unit15, Grid, "110101001002003", true),
            (Unit15, Grid, "110101001002000", false),
            (Unit15, Grid, "110101001000003", false),
            (Unit15, Grid, "11010100100203", false),
            (Unit15, Micro, "11010100100200301", true),
            (Unit15, Micro, "11010100100200300", false),
            (Unit15, Micro, "1", false),
            (Unit14, Grid, "11010100100203", true),
            (Unit14, Grid, "11010100100200", false),
            (Unit14, Grid, "110101001002003", false),
            (Cjt349, Grid, "01010111010100100200", true),
            (Cjt349, Grid, "01010111010100100207", true),
            (Cjt349, Grid, "0101011101010010020", false),
            (Free, Division, "MN-0101", true),
            (Free, Grid, "36061000100", true),
            (Free, Grid, "", false),
            (Free, Grid, "a b", false),
            (Free, Grid, "网格", false),
        ];
        for (scheme, role, code, fits) in table {
            assert_eq!(scheme.check(code, role).is_ok(), fits, "{scheme} {role:?} {code}");
        }
    }

    #[test]
    fn a_code_continues_its_parents() {
        use CodeRole::{Division, Grid, Micro};
        use CodeScheme::{Cjt349, Unit15};
        let table = [
            (Unit15, Division, "110101001002", "110101001000", true),
            (Unit15, Division, "110101001002", "110101001", true),
            (Unit15, Division, "110101001002", "110101", true),
            (Unit15, Division, "110101000000", "11", true),
            (Unit15, Division, "441900003000", "441900000000", true),
            (Unit15, Division, "110101001002", "110102001000", false),
            (Unit15, Division, "110101001002", "110101002000", false),
            (Unit15, Division, "110101001000", "110101001000", false),
            (Unit15, Division, "110101001000", "110101001002", false),
            (Unit15, Grid, "110101001002003", "110101001002", true),
            (Unit15, Grid, "110101001002003", "110101001003", false),
            (Unit15, Grid, "110101001002003", "110101001000", false),
            (Unit15, Micro, "11010100100200301", "110101001002003", true),
            (Unit15, Micro, "11010100100200301", "110101001002004", false),
            (Cjt349, Grid, "01010111010100100207", "110101001002", true),
            (Cjt349, Grid, "01010111010100100207", "110101001003", false),
        ];
        for (scheme, role, child, parent, fits) in table {
            assert_eq!(scheme.check_parent(child, role, parent).is_ok(), fits, "{scheme} {child} in {parent}");
        }
    }

    #[test]
    fn the_digits_of_street_and_community_say_what_they_are() {
        let kinds = |code: &str| {
            let code: DivisionCode = code.parse().unwrap();
            (code.street_kind(), code.community_kind())
        };
        assert_eq!(kinds("110101001002"), (Some(StreetKind::Subdistrict), Some(CommunityKind::Residents)));
        assert_eq!(kinds("110101100200"), (Some(StreetKind::Town), Some(CommunityKind::Village)));
        assert_eq!(kinds("110101200601"), (Some(StreetKind::Township), Some(CommunityKind::Other)));
        assert_eq!(kinds("110101400"), (Some(StreetKind::Other), None));
        assert_eq!(kinds("110101"), (None, None));
    }

    #[test]
    fn a_part_code_is_read_and_written_in_both_forms() {
        for (form, major, minor, sequence) in [(PartCodeForm::Minor2, 1, 1, 1), (PartCodeForm::Minor3, 1, 10, 1)] {
            let code = PartCode::parse("3205080101000001", form).unwrap();
            assert_eq!((code.major, code.minor, code.sequence), (major, minor, sequence));
            assert_eq!(code.region, RegionId(320_508));
            assert_eq!(code.to_string(), "3205080101000001");
        }
        assert!(PartCode::parse("320508010100001", PartCodeForm::Minor2).is_err());
        assert!(PartCode::parse("3205080001000001", PartCodeForm::Minor2).is_err());
    }

    #[test]
    fn a_grid_says_its_region_and_community() {
        assert_eq!(CodeScheme::Unit15.region_of("110101001002003", CodeRole::Grid), Some(RegionId(110_101)));
        assert_eq!(CodeScheme::Cjt349.region_of("01010111010100100207", CodeRole::Grid), Some(RegionId(110_101)));
        assert_eq!(CodeScheme::Unit15.region_of("11010100100200301", CodeRole::Micro), Some(RegionId(110_101)));
        assert_eq!(CodeScheme::Free.region_of("36061", CodeRole::Grid), None);
        let community = CodeScheme::Cjt349.community_of("01010111010100100207").unwrap();
        assert_eq!(community.to_string(), "110101001002");
    }
}
