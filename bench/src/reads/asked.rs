//! What is asked of a city: found out from the city itself, so that it fits whatever its history holds.

use super::{KINDS, past::is_whole};
use anyhow::{Context, Result, ensure};
use gewu_bench::Numbers;
use gewu_bench::http::{Connection, Headers, encoded, request};
use gewu_bench::server::Server;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// How far down an inbox or a search is paged.
pub const DEEP: usize = 25;

/// How closely the beginning of the past is looked for.
const DAYS_STEP: u64 = 5;

/// One account at each kind of desk.
pub const DESKS: [&str; 12] = [
    "collector1",
    "acceptor1",
    "chief1",
    "dispatcher1",
    "sanitation",
    "works",
    "enforcement",
    "street",
    "acceptor-t",
    "city-acceptor",
    "city-chief",
    "city-dispatcher",
];
/// Who searches: one sees a county, one the city, one what their unit had a part in.
const SEARCHERS: [&str; 4] = ["acceptor1", "supervisor", "leader", "sanitation"];
/// Who opens cases of all the city.
const READER: &str = "leader";

/// A case by which to ask.
struct Sample {
    region: String,
    id: String,
    number: String,
    class: Option<String>,
    path: Vec<String>,
    unit: Option<String>,
    words: String,
    reported_at: String,
}

impl Sample {
    fn of(case: &Value) -> Option<Sample> {
        let at = |field: &str| case.get(field).and_then(Value::as_str).map(str::to_owned);
        let path = case.get("path").and_then(Value::as_array).into_iter().flatten();
        Some(Sample {
            region: at("region")?,
            id: at("id")?,
            number: at("number")?,
            class: at("class"),
            path: path.filter_map(|area| area.as_str().map(str::to_owned)).collect(),
            unit: at("unit"),
            words: at("excerpt").unwrap_or_default(),
            reported_at: at("reported_at")?,
        })
    }
}

/// Cases from all of the past: the newest before each of many moments. Apart from them, those of which even a
/// lengthened city has the page.
async fn samples(server: &Server, key: &Headers) -> Result<(Vec<Sample>, Vec<Sample>)> {
    let mut connection = Connection::open(server.address).await?;
    let newest = newest(&mut connection, key, "").await?;
    let newest = newest.first().context("the city has no cases")?;
    let last = day_number(&newest.reported_at).context("a time that is none")?;
    let mut days = 0;
    while !self::newest(&mut connection, key, &format!("&to={}T00:00:00Z", date(last - days))).await?.is_empty() {
        days += DAYS_STEP;
    }
    let (mut samples, mut whole) = (Vec::new(), Vec::new());
    let mut numbers = Numbers(5);
    let mut next = |most: u64| ((numbers.next().unwrap_or_default() * most as f64) as u64).min(most - 1);
    for _ in 0..400 {
        let moment = format!("{}T{:02}:{:02}:{:02}Z", date(last - next(days)), next(24), next(60), next(60));
        let mut cases = self::newest(&mut connection, key, &format!("&to={moment}")).await?;
        if let Some(at) = cases.iter().skip(2).position(|case| is_whole(&case.number)) {
            whole.push(cases.swap_remove(at + 2));
        }
        samples.extend(cases.into_iter().take(2));
    }
    eprintln!("  {} cases out of {days} days", samples.len());
    ensure!(samples.len() > 200 && whole.len() > 100, "only {} cases were found in {days} days", samples.len());
    Ok((samples, whole))
}

/// The newest cases of a filter.
async fn newest(connection: &mut Connection, key: &Headers, filter: &str) -> Result<Vec<Sample>> {
    let path = format!("/api/v1/cases?page_size=60{filter}");
    let answer = connection.call(&request("GET", &path, key, None)).await?.json(200)?;
    let cases = answer.get("cases").and_then(Value::as_array).context("no list of cases")?;
    cases.iter().map(|case| Sample::of(case).context("a case lacks what every case has")).collect()
}

/// Days since 1970 of a time in RFC 3339 (Howard Hinnant's days_from_civil).
pub fn day_number(time: &str) -> Option<u64> {
    let part = |range: std::ops::Range<usize>| time.get(range).and_then(|part| part.parse::<u64>().ok());
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468)
}

/// The reverse of [`day_number`].
pub fn date(day: u64) -> String {
    let days = day + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + u64::from(month <= 2))
}

/// Chinese words of two characters: those in most of the samples' texts, and those in one alone.
fn words(samples: &[Sample]) -> (Vec<String>, Vec<String>) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for sample in samples {
        let characters: Vec<char> = sample.words.chars().collect();
        let mut seen: Vec<String> = characters
            .windows(2)
            .filter(|pair| pair.iter().all(|character| ('\u{4e00}'..='\u{9fff}').contains(character)))
            .map(|pair| pair.iter().collect())
            .collect();
        seen.sort();
        seen.dedup();
        for word in seen {
            *counts.entry(word).or_default() += 1;
        }
    }
    let mut by_count: Vec<(String, usize)> = counts.into_iter().collect();
    by_count.sort_by(|(one, count), (other, other_count)| other_count.cmp(count).then(one.cmp(other)));
    let common = by_count.iter().take(12).map(|(word, _)| word.clone()).collect();
    let rare = by_count.iter().filter(|(_, count)| *count == 1).take(200).map(|(word, _)| word.clone()).collect();
    (common, rare)
}

/// Everything that is asked of a city, so many requests of each kind.
pub async fn of(server: &Server, key: &Headers, count: usize) -> Result<BTreeMap<&'static str, Vec<Vec<u8>>>> {
    let (samples, whole) = samples(server, key).await?;
    let mut who: HashMap<&'static str, Headers> = HashMap::new();
    for login in DESKS.into_iter().chain(SEARCHERS).chain([READER]) {
        if !who.contains_key(login) {
            who.insert(login, server.sign_in(login).await?);
        }
    }
    let mut asked: BTreeMap<&'static str, Vec<Vec<u8>>> = KINDS.into_iter().map(|kind| (kind, Vec::new())).collect();
    let mut numbers = Numbers(9);
    let mut next = |most: usize| ((numbers.next().unwrap_or_default() * most as f64) as usize).min(most - 1);
    let mut connection = Connection::open(server.address).await?;
    let headers = |login: &str| who.get(login).context("nobody of that name was signed in");

    let (mut inboxes, mut inboxes_api) = (Vec::new(), Vec::new());
    for login in DESKS {
        let headers = headers(login)?;
        inboxes.extend(pages(&mut connection, "/inbox", headers).await?);
        inboxes_api.extend(pages(&mut connection, "/api/v1/inbox?page_size=50", headers).await?);
    }
    eprintln!("  {} pages of {} inboxes", inboxes.len(), DESKS.len());

    let (common, rare) = words(&samples);
    eprintln!("  words like {} and {}", common.join(" "), rare.iter().take(12).cloned().collect::<Vec<_>>().join(" "));
    ensure!(!common.is_empty() && !rare.is_empty(), "the cases have no Chinese words");
    let (mut searches, mut searches_api) = (Vec::new(), Vec::new());
    for (no, login) in (0..count / 3).zip(SEARCHERS.into_iter().cycle()) {
        let sample = samples.get(next(samples.len())).context("no sample")?;
        let common = common.get(next(common.len())).context("no common word")?;
        let rare = rare.get(next(rare.len())).context("no rare word")?;
        // Below the city, so that those who see a county find something, often a grid.
        let area = sample.path.get(1 + next(sample.path.len().max(2) - 1)).cloned().unwrap_or_default();
        let day = sample.reported_at.get(..10).unwrap_or_default();
        let until = date(day_number(day).unwrap_or_default() + 7);
        let class = sample.class.clone().unwrap_or_default();
        let unit = sample.unit.clone().unwrap_or_default();
        let two: String = sample.words.chars().skip(next(8)).take(4).collect();
        let pairs: Vec<(&str, String)> = match no % 14 {
            0 => vec![("words", common.clone())],
            1 => vec![("words", rare.clone())],
            2 => vec![("words", format!("{common} {rare}"))],
            3 => vec![("words", two)],
            4 => vec![("words", common.clone()), ("area", area)],
            5 => vec![("words", common.clone()), ("state", "open".to_owned())],
            6 => vec![("words", rare.clone()), ("state", "closed".to_owned())],
            7 => vec![("area", area), ("state", "open".to_owned())],
            8 => vec![("area", area), ("state", "closed".to_owned()), ("from", day.to_owned()), ("to", until)],
            9 => vec![("class", class), ("from", day.to_owned()), ("to", until)],
            10 => vec![("unit", unit), ("state", "handling".to_owned())],
            11 => vec![("words", common.clone()), ("class", class), ("state", "void".to_owned())],
            12 => vec![("area", area), ("class", class)],
            _ => vec![("words", sample.number.clone())],
        };
        let pairs: Vec<(&str, String)> = pairs.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect();
        let headers = headers(login)?;
        let query = |is_page: bool| {
            let pair = |(name, value): &(&str, String)| {
                let name = if *name == "words" && !is_page { "q" } else { name };
                let is_day = !is_page && ["from", "to"].contains(&name);
                let value = if is_day { format!("{value}T00:00:00Z") } else { value.clone() };
                format!("{name}={}", encoded(&value))
            };
            pairs.iter().map(pair).collect::<Vec<_>>().join("&")
        };
        // A whole number leads to its case, not to a list.
        let is_number = no % 14 == 13;
        if !is_number {
            searches.extend(pages(&mut connection, &format!("/cases?{}", query(true)), headers).await?);
        }
        searches_api
            .extend(pages(&mut connection, &format!("/api/v1/cases?page_size=50&{}", query(false)), headers).await?);
    }
    eprintln!("  {} pages of searches", searches.len());

    let reader = headers(READER)?;
    for _ in 0..count {
        let Sample { region, id, .. } = whole.get(next(whole.len())).context("no case")?;
        let mut ask = |kind, request: Vec<u8>| asked.entry(kind).or_default().push(request);
        ask("case page", request("GET", &format!("/cases/{region}/{id}"), reader, None));
        ask("case, API", request("GET", &format!("/api/v1/cases/{region}/{id}"), reader, None));
        ask("inbox page", inboxes.get(next(inboxes.len())).cloned().context("no inbox")?);
        ask("inbox, API", inboxes_api.get(next(inboxes_api.len())).cloned().context("no inbox")?);
        ask("search page", searches.get(next(searches.len())).cloned().context("no search")?);
        ask("search, API", searches_api.get(next(searches_api.len())).cloned().context("no search")?);
    }
    Ok(asked)
}

/// The first page of a listing, the second, and pages farther and farther down, as requests.
async fn pages(connection: &mut Connection, first: &str, headers: &Headers) -> Result<Vec<Vec<u8>>> {
    let mut path = first.to_owned();
    let mut kept = Vec::new();
    for no in 1..=DEEP {
        let asked = request("GET", &path, headers, None);
        let answer = connection.call(&asked).await?;
        if answer.status == 404 && no == 1 {
            // An area outside the asker's is nobody's mistake; it is not measured.
            return Ok(kept);
        }
        ensure!(
            answer.status == 200,
            "{path} was answered with {}: {}",
            answer.status,
            String::from_utf8_lossy(answer.body)
        );
        if no <= 2 || no % 8 == 0 || no == DEEP {
            kept.push(asked);
        }
        let next = if first.starts_with("/api/") {
            let token = answer.json(200)?.get("next_page_token").and_then(Value::as_str).map(str::to_owned);
            token.map(|token| format!("{first}&page_token={token}"))
        } else {
            link(&String::from_utf8_lossy(answer.body), "after=")
        };
        match next {
            Some(next) => path = next,
            None => break,
        }
    }
    Ok(kept)
}

/// The first link of a page that holds `part`.
fn link(page: &str, part: &str) -> Option<String> {
    page.split("href=\"").skip(1).find_map(|rest| {
        let (link, _) = rest.split_once('"')?;
        let link = link.replace("&amp;", "&").replace("&#38;", "&");
        (link.starts_with('/') && link.contains(part)).then_some(link)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_each_other_s_reverse() {
        assert_eq!(day_number("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(day_number("2026-03-01"), Some(20_513));
        for day in (0..60_000).step_by(17) {
            assert_eq!(day_number(&date(day)), Some(day));
        }
    }

    #[test]
    fn the_next_page_is_the_first_link_that_says_so() {
        let page = r#"<a href="/cases?words=x">1</a> <a href="/cases?words=x&#38;after=00">2</a>"#;
        assert_eq!(link(page, "after="), Some("/cases?words=x&after=00".to_owned()));
        assert_eq!(link(page, "before="), None);
    }
}
