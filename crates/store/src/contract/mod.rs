//! One suite, every backend, the same CI run. Each function is one promise; its name says which.
//!
//! A backend writes a [`Fixture`] and calls [`contract_suite!`](crate::contract_suite), which makes one test of every
//! promise. The suite knows the ports and nothing of any backend. Made-up rows are in [`sample`]; [`kept`] reads a
//! whole store into a value that can be compared.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests that live in a library"
)]

pub mod cases;
pub mod contacts;
pub mod counters;
pub mod crash;
pub mod erase;
pub mod facts;
pub mod kept;
pub mod origins;
pub mod people;
pub mod publications;
pub mod repromises;
pub mod sample;
pub mod schema;
pub mod tasks;
pub mod upkeep;
pub mod uploads;
pub mod writes;

use crate::{Listing, Page, Store};
use async_trait::async_trait;
use std::{
    fmt::Debug,
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

/// A backend under test: a fresh, empty store that goes when the fixture is dropped.
#[async_trait]
pub trait Fixture: Send + Sync + Sized {
    async fn new() -> Self;

    fn store(&self) -> &dyn Store;

    /// Every table with its keys, without those the engine keeps for itself.
    async fn tables(&self) -> Vec<Table>;

    /// Does anything that is kept, in a table or in a file, still hold these bytes?
    async fn holds(&self, marker: &str) -> bool;

    /// Makes the stored body of every case something that is no case.
    async fn spoil_cases(&self);

    /// Takes the stored body of every case away.
    async fn lose_cases(&self);
}

/// A table as the backend's own catalogue describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    pub columns: Vec<String>,
    /// Columns of the primary key, of each unique index and of each foreign key, in their order.
    pub keys: Vec<Vec<String>>,
}

/// Makes one test of each promise, for a type that is a [`Fixture`].
#[macro_export]
macro_rules! contract_suite {
    ($fixture:ty) => {
        $crate::contract_suite! { @ $fixture,
            cases: [
                every_filter_gives_what_a_plain_look_at_all_rows_gives,
                a_list_of_cases_is_walked_both_ways_in_pages_of_any_size,
                a_list_row_says_what_the_case_says,
                rows_come_in_the_order_they_were_named,
                a_case_is_found_by_its_number_in_its_region,
                a_case_as_reported_is_read_from_its_fact_until_it_changes,
                a_first_fact_that_tells_no_case_is_named,
                a_changed_case_whose_body_is_lost_is_named,
                counting_stops_where_it_is_told,
                an_end_keeps_its_time_while_the_case_stays_ended,
                new_terms_replace_old_ones_and_none_leave_them,
                ids_of_one_millisecond_keep_their_order_in_a_search,
                a_search_by_words_and_time_asks_for_the_words_of_cases_whose_id_tells_no_time,
                terms_are_matched_whole_whatever_is_in_them,
                a_case_that_does_not_decode_is_named,
            ],
            contacts: [
                contacts_come_back_as_given_and_are_replaced_by_field,
                looks_are_kept_in_order,
                cases_of_a_contact_are_walked_both_ways,
                every_contact_is_walked_by_case_and_field_both_ways,
                a_contact_is_sealed_anew_only_where_it_still_stands_as_it_was_read,
            ],
            counters: [counters_add_up_over_days],
            erase: [
                erasing_takes_what_the_reporter_gave_and_nothing_else,
                erasing_words_takes_those_words_and_the_terms,
                that_something_was_erased_stays_known,
                nothing_erased_can_be_read_from_what_is_kept,
                erasing_in_one_region_leaves_the_same_second_of_another_alone,
                forgetting_a_person_leaves_the_id_and_the_posts,
            ],
            facts: [
                facts_come_back_byte_for_byte_and_in_order,
                the_head_is_the_hash_of_the_last_fact,
                the_record_is_walked_both_ways_in_pages_of_any_size,
                facts_between_two_times_are_walked_both_ways,
            ],
            origins: [
                a_number_of_another_system_is_one_case_in_the_whole_city,
                what_another_system_says_now_replaces_what_it_said,
            ],
            people: [
                people_are_walked_by_unit_both_ways,
                names_are_found_by_id,
                posts_are_found_by_person_and_by_unit_and_time,
                a_login_belongs_to_one_person,
                a_session_is_found_by_its_secret_until_it_ends,
                what_is_there_already_is_not_written_over,
                what_has_ended_keeps_its_end,
                an_account_is_changed_only_as_it_was_read,
                sessions_of_a_person_end_together_or_all_but_one,
                devices_are_known_until_their_time_or_forgotten,
                no_session_outlives_the_password_it_was_opened_with,
                of_many_who_set_a_password_at_once_one_does,
                a_code_is_taken_once_however_many_bring_it,
                of_many_tries_at_once_only_the_free_ones_go_through,
                tries_are_forgotten_when_they_are_told_to_be,
                a_client_is_found_by_its_secret_also_when_revoked,
                the_audit_record_is_walked_newest_first,
            ],
            publications: [
                versions_never_change,
                of_two_who_counted_the_same_one_publishes,
                publications_come_back_as_given_and_in_order,
            ],
            repromises: [
                a_walk_comes_back_as_it_was_left_and_never_goes_back,
                what_a_walk_makes_anew_and_how_far_it_is_stand_or_fall_together,
            ],
            schema: [every_regional_key_starts_with_the_region],
            tasks: [
                an_inbox_is_walked_by_due_time_both_ways,
                an_inbox_shows_its_desk_its_kinds_and_its_area,
                the_size_of_an_inbox_counts_what_is_due,
                a_write_replaces_the_tasks_of_its_case,
                suspended_cases_come_up_when_their_time_has_come,
            ],
            upkeep: [
                numbers_never_repeat,
                regions_are_those_with_cases,
                a_root_stands_once_stored,
                a_key_is_noted_once_and_forgotten_when_it_is_dropped,
                the_outbox_is_claimed_once_per_lease_and_emptied_when_sent,
                a_sweep_takes_what_is_older_and_leaves_the_rest,
                files_no_case_holds_are_told,
                nothing_that_was_written_is_left_alone,
                a_restored_copy_equals_what_was_copied,
                a_store_that_holds_something_is_not_restored_over,
                loading_is_the_same_as_applying,
                a_load_is_whole_or_not_at_all,
                statistics_and_scrubbing_change_nothing,
            ],
            uploads: [
                an_upload_is_found_by_its_token_until_it_is_taken,
                an_upload_that_is_gone_refuses_the_whole,
                of_many_who_take_one_upload_exactly_one_gets_it,
                uploads_whose_time_is_over_are_swept,
                a_photo_written_again_stays_as_it_was_first_given,
            ],
            writes: [
                a_write_is_whole_or_not_at_all,
                a_stale_version_is_refused_and_changes_nothing,
                a_new_case_that_exists_is_stale,
                of_writers_of_one_case_exactly_one_wins,
                a_refused_write_leaves_those_beside_it_alone,
                a_repeated_key_gives_the_first_answer_and_changes_nothing,
                one_key_many_times_at_once_has_one_effect,
                the_keys_of_two_regions_never_meet,
                a_number_is_given_once,
                changes_may_stand_before_the_case_they_hang_on,
                a_view_sees_one_moment,
                regions_never_see_each_other,
            ],
        }
    };
    (@ $fixture:ty, $($file:ident: [$($promise:ident),* $(,)?]),* $(,)?) => {
        $(
            mod $file {
                use super::*;
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $promise() {
                        let fixture = <$fixture as $crate::contract::Fixture>::new().await;
                        $crate::contract::$file::$promise(&fixture).await;
                    }
                )*
            }
        )*
    };
}

/// Runs futures side by side and gives their outputs in order.
pub async fn together<'a, T>(futures: impl IntoIterator<Item = impl Future<Output = T> + Send + 'a>) -> Vec<T> {
    enum Slot<'a, T> {
        Running(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
        Done(T),
    }
    let mut slots: Vec<Slot<'a, T>> = futures.into_iter().map(|future| Slot::Running(Box::pin(future))).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for slot in &mut slots {
            if let Slot::Running(future) = slot {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *slot = Slot::Done(output),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    slots
        .into_iter()
        .filter_map(|slot| match slot {
            Slot::Done(output) => Some(output),
            Slot::Running(_) => None,
        })
        .collect()
}

/// Walks a listing from its start and from its end, in pages of each of these sizes, and demands each row exactly once
/// and in order, with keys to go on exactly where there is more.
pub async fn walk<T, K>(
    expected: &[T],
    sizes: impl IntoIterator<Item = u16>,
    fetch: impl AsyncFn(Page<K>) -> Listing<T, K>,
) where
    T: PartialEq + Debug + Clone,
    K: Clone,
{
    for size in sizes {
        let most = usize::from(size);
        let mut seen: Vec<T> = Vec::new();
        let mut page = Page::first(size);
        loop {
            let got = fetch(page.clone()).await;
            assert!(got.rows.len() <= most, "a page of {size} holds {} rows", got.rows.len());
            assert_eq!(
                got.previous.is_some(),
                !seen.is_empty() && !got.rows.is_empty(),
                "keys back from row {}",
                seen.len()
            );
            seen.extend(got.rows);
            let Some(next) = got.next else { break };
            assert!(seen.len() < expected.len(), "there is a key to go on, but nothing more to come");
            page = page.after(next);
        }
        assert_eq!(seen, expected, "forwards in pages of {size}");

        let mut pages: Vec<Vec<T>> = Vec::new();
        let mut page = Page { backwards: true, ..Page::first(size) };
        loop {
            let got = fetch(page.clone()).await;
            assert!(got.rows.len() <= most, "a page of {size} holds {} rows", got.rows.len());
            assert_eq!(got.next.is_some(), !pages.is_empty(), "keys on from the last page but {}", pages.len());
            pages.push(got.rows);
            let Some(previous) = got.previous else { break };
            page = page.after(previous);
        }
        pages.reverse();
        assert_eq!(pages.concat(), expected, "backwards in pages of {size}");
    }
}

/// All sizes of pages that can matter for this many rows.
pub fn every_size(rows: usize) -> impl Iterator<Item = u16> {
    1..=u16::try_from(rows + 1).unwrap()
}

/// Sizes that meet the edges of this many rows, for listings too long to walk in every size.
pub fn some_sizes(rows: usize) -> Vec<u16> {
    let rows = u16::try_from(rows).unwrap();
    let mut sizes: Vec<u16> =
        [7, rows / 2, rows.saturating_sub(1), rows, rows + 1].into_iter().filter(|size| *size > 0).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}
