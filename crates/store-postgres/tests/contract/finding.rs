//! Finding gives the same by every way there is to find.

use crate::{PATIENCE_MS, Usual};
use gewu_store::contract::cases;
use gewu_store_postgres::Settings;

/// Nothing is few and nothing is near: the index of keys and the order of states are always asked.
async fn by_index() -> Usual {
    Usual::with(Settings { readers: 4, wait_ms: PATIENCE_MS, near: 1, few: 0, ..Settings::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_filter_gives_the_same_by_the_index_of_keys() {
    cases::every_filter_gives_what_a_plain_look_at_all_rows_gives(&by_index().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_any_size_are_walked_by_the_index_of_keys() {
    cases::a_list_of_cases_is_walked_both_ways_in_pages_of_any_size(&by_index().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counting_stops_by_the_index_of_keys() {
    cases::counting_stops_where_it_is_told(&by_index().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_matched_whole_by_the_index_of_keys() {
    cases::terms_are_matched_whole_whatever_is_in_them(&by_index().await).await;
}
