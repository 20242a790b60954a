//! What must still be there when the process was killed in the middle of its work.
//!
//! A child process runs [`churn`] and prints each [`Receipt`] it was given; the parent kills it, opens the store again and
//! runs [`check`] on all receipts it has read so far. The rounds and the killing are the backend's test's.

use super::{
    kept::all_cases,
    sample::{self, HERE, THERE, at, change, new_case, next_write},
    together,
};
use crate::{Change, Changes, Page, Store, cases::CaseFilter, cases::CaseWrite};
use gewu_domain::{
    ids::{CaseId, Digest, RegionId},
    record,
};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// One write that the store said was durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    pub region: RegionId,
    pub case: CaseId,
    pub version: u32,
    pub head: Digest,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "receipt {} {} {} {}", self.region, self.case, self.version, self.head)
    }
}

impl FromStr for Receipt {
    type Err = ();

    fn from_str(line: &str) -> Result<Receipt, ()> {
        let mut words = line.split(' ');
        let mut next = || words.next().ok_or(());
        if next()? != "receipt" {
            return Err(());
        }
        Ok(Receipt {
            region: next()?.parse().map_err(drop)?,
            case: next()?.parse().map_err(drop)?,
            version: next()?.parse().map_err(drop)?,
            head: next()?.parse().map_err(drop)?,
        })
    }
}

/// Takes cases in and moves them on, from eight callers at once, until the process ends. No two rounds share a case.
pub async fn churn(store: &dyn Store, round: u64, give: &(dyn Fn(Receipt) + Sync)) {
    together((0..8).map(|caller| call(store, round * 8 + caller, give))).await;
}

async fn call(store: &dyn Store, caller: u64, give: &(dyn Fn(Receipt) + Sync)) {
    let region = if caller.is_multiple_of(2) { HERE } else { THERE };
    for no in 0.. {
        let no = caller * 1_000_000 + no;
        let mut write = new_case(region, no, at(i64::try_from(no % 1_000_000).unwrap()));
        write.terms = Some(vec!["路灯".to_owned(), format!("c{no}")]);
        apply(store, region, &write, true).await;
        give(receipt(region, &write));
        for step in 0..no % 4 {
            write = next_write(&write, &format!(r#"{{"step":{step}}}"#), write.case.changed_at, |case| case.urges += 1);
            apply(store, region, &write, false).await;
            give(receipt(region, &write));
        }
    }
}

async fn apply(store: &dyn Store, region: RegionId, write: &CaseWrite, is_new: bool) {
    let id = write.case.id;
    let list = vec![
        change(write),
        Change::Count(sample::count(sample::day(1), "facts", None, 1)),
        Change::Text(sample::text(id, write.case.version.into(), "words", crate::texts::Giver::Staff, at(0))),
    ];
    let answer = is_new.then(|| sample::answer(&id.to_string(), "{}", at(0)));
    store.apply(region, Changes { answer, list }).await.unwrap();
}

fn receipt(region: RegionId, write: &CaseWrite) -> Receipt {
    Receipt { region, case: write.case.id, version: write.case.version, head: write.head }
}

/// Demands every receipt's fact where it was written, every chain whole, and each write whole and written once.
pub async fn check(store: &dyn Store, receipts: &[Receipt]) {
    let mut chains: BTreeMap<(RegionId, CaseId), Vec<Digest>> = BTreeMap::new();
    for region in [HERE, THERE] {
        let view = store.view(region).await.unwrap();
        let mut page = Page::first(1_000);
        loop {
            let listing = view.record(&page).await.unwrap();
            for fact in listing.rows {
                let chain = chains.entry((region, fact.case)).or_default();
                let previous = chain.last().copied().unwrap_or(record::GENESIS);
                assert_eq!(
                    usize::try_from(fact.seq).unwrap(),
                    chain.len(),
                    "a fact of {} is missing or doubled",
                    fact.case
                );
                let hash = record::hash(region, fact.case, fact.seq, previous, fact.body.as_bytes());
                assert_eq!(fact.hash, hash, "the chain of {} is broken at {}", fact.case, fact.seq);
                chain.push(hash);
            }
            let Some(next) = listing.next else { break };
            page = page.after(next);
        }
        let of_region = || chains.iter().filter(|((of, _), _)| *of == region).map(|((_, id), chain)| (*id, chain));
        for (id, chain) in of_region() {
            let case = view.case(id).await.unwrap().unwrap();
            assert_eq!(usize::try_from(case.version).unwrap(), chain.len(), "the version of {id}");
            assert_eq!(view.head(id).await.unwrap().as_ref(), chain.last(), "the head of {id}");
            assert_eq!(view.texts(id).await.unwrap().len(), chain.len(), "the texts of {id}");
            assert!(view.answer(&id.to_string()).await.unwrap().is_some(), "the answer about {id}");
        }
        let facts: usize = of_region().map(|(_, chain)| chain.len()).sum();
        let counted: i64 = view.counts(sample::day(1), sample::day(1)).await.unwrap().iter().map(|row| row.n).sum();
        assert_eq!(i64::try_from(facts).unwrap(), counted, "facts counted in {region}");
        let found = CaseFilter { terms: vec!["路灯".to_owned()], ..CaseFilter::default() };
        for filter in [CaseFilter::default(), found] {
            assert_eq!(all_cases(view.as_ref(), &filter).await.len(), of_region().count(), "cases listed in {region}");
        }
    }
    for receipt in receipts {
        let kept = chains
            .get(&(receipt.region, receipt.case))
            .and_then(|chain| chain.get(usize::try_from(receipt.version - 1).unwrap()));
        assert_eq!(kept, Some(&receipt.head), "what was received is gone: {receipt}");
    }
}
