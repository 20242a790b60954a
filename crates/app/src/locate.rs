//! Where something is: a point, an area from the list, or words become a [`Place`].

use crate::{App, AppError, Problem, city::Snapshot, parts};
use gewu_domain::{
    case::Place,
    ids::{AreaCode, Digest, RegionId},
};
use gewu_geo::datum::{Datum, Point, to_wgs84};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Where, as somebody says it. Any part may be missing; a report without any goes to the unplaced queue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Longitude and latitude in degrees.
    pub point: Option<(f64, f64)>,
    /// What the point is measured in; WGS 84 when not said.
    pub datum: Option<Datum>,
    /// An area chosen from the list, down to any level.
    pub area: Option<AreaCode>,
    pub address: Option<String>,
    /// Identification code of a part, e.g. of a street lamp: places the report when no point is given.
    pub part: Option<String>,
}

/// Where something is, and whose region that makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    pub region: RegionId,
    pub place: Place,
}

impl Snapshot {
    /// Places a location in the areas that were in force on a day. A point outside every grid is no error: the place is
    /// then not placed.
    ///
    /// `address` is the digest of the location's words, kept apart by the caller.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a point that is no point, and an area or a part that does not exist, or an area that was
    /// not there on that day and does not lead to one that was.
    pub fn locate(&self, location: &Location, address: Option<Digest>, day: Date) -> Result<Located, AppError> {
        let areas = &self.city.areas;
        let point = match location.point {
            None => None,
            Some((lon, lat)) => {
                let point = Point::new(lon, lat).map_err(|error| {
                    Problem::new("point", "bad_point", format!("坐标不对：{error}"), format!("bad point: {error}"))
                })?;
                Some(to_wgs84(location.datum.unwrap_or(Datum::Wgs84), point))
            }
        };
        if let Some(area) = &location.area
            && areas.get(area).is_none()
        {
            return Err(Problem::new(
                "area",
                "unknown_area",
                format!("没有区域 {area}"),
                format!("there is no area {area}"),
            )
            .into());
        }
        let part = self.part(location)?;
        let point = point.or_else(|| self.parts.place(part?));
        let deepest = match (point.and_then(|point| self.area_at(point, day)), &location.area) {
            (None, Some(area)) => Some(self.in_force(area, day)?),
            (found, _) => found,
        };
        let region = deepest
            .and_then(|area| areas.get_on(area, day))
            .map(|area| area.region)
            .or_else(|| parts::standard(part?).map(|part| part.region))
            .filter(|region| self.region_area(*region).is_some())
            .or_else(|| self.default_region())
            .ok_or_else(|| Problem::new("area", "no_region", "城市还没有区域", "the city has no region yet"))?;
        // A place in no grid still belongs to a region: its desks see it in the unplaced queue.
        let path = match deepest {
            Some(area) => areas.path_on(area, day),
            None => self.region_area(region).map(|area| areas.path(area)).unwrap_or_default(),
        };
        let is_placed = deepest.is_some_and(|area| self.is_deepest_on(area, day));
        Ok(Located {
            region,
            place: Place {
                path,
                areas_version: areas.version,
                is_placed,
                point: point.map(|point| (point.lon(), point.lat())),
                part: part.map(str::to_owned),
                address,
            },
        })
    }

    /// The area that stands for the one given on a day.
    fn in_force<'s>(&'s self, area: &AreaCode, day: Date) -> Result<&'s AreaCode, Problem> {
        self.city.areas.in_force(area, day).map(|area| &area.code).map_err(|may| {
            let may: Vec<&str> = may.iter().map(AreaCode::as_str).collect();
            let (zh, en) = match may.as_slice() {
                [] => ("请另选区域，或者给出坐标".to_owned(), "choose another area, or give coordinates".to_owned()),
                may => {
                    let list = may.join(", ");
                    (format!("请改用 {list} 之一，或者给出坐标"), format!("name one of {list}, or give coordinates"))
                }
            };
            Problem::new(
                "area",
                "area_not_in_force",
                format!("区域 {area} 在 {day} 不存在：{zh}"),
                format!("area {area} was not there on {day}: {en}"),
            )
        })
    }

    /// The part's code, if one is given: of the register or in the standard's form, and nothing else, for it stays in
    /// the record for good, where no free text may lie.
    fn part<'l>(&self, location: &'l Location) -> Result<Option<&'l str>, Problem> {
        let part = location.part.as_deref().map(str::trim).filter(|part| !part.is_empty());
        match part {
            Some(part) if self.parts.place(part).is_none() && parts::standard(part).is_none() => Err(Problem::new(
                "part",
                "unknown_part",
                "没有这个部件编码：请核对编码牌，或者改填地址",
                "there is no part of this code: check its plate, or give an address instead",
            )),
            part => Ok(part),
        }
    }
}

impl App {
    /// Places a location without reporting anything: for forms that show the area while people type.
    ///
    /// # Errors
    /// As [`Snapshot::locate`].
    pub fn locate(&self, location: &Location) -> Result<Located, AppError> {
        self.snapshot()?.locate(location, None, self.today())
    }
}
