//! Photos that wait to be named: found by whoever has the token, taken once, swept when their time is over.

use super::{
    Fixture,
    kept::kept,
    sample::{HERE, THERE, answer, at, change, digest, new_case, photo},
    together,
};
use crate::{Change, Changes, StoreError, attachments::AttachmentRow, texts::Giver, uploads::UploadRow};

/// An upload with the files of [`photo`].
pub fn upload(no: u64, ends_ms: i64) -> UploadRow {
    UploadRow {
        token: digest(no + 5_000_000),
        digest: digest(no),
        thumbnail: digest(no + 1_000_000),
        bytes: 123_456 + no,
        width: 1_600,
        height: 1_200,
        sent: digest(no + 6_000_000),
        holder: (no % 2 == 1).then(|| format!("person-{no}")),
        ends_at: at(ends_ms),
    }
}

pub async fn an_upload_is_found_by_its_token_until_it_is_taken(fixture: &impl Fixture) {
    let store = fixture.store();
    let [one, two] = [upload(1, 9), upload(2, 9)];
    store.apply(HERE, vec![Change::Upload(one.clone()), Change::Upload(two.clone())].into()).await.unwrap();
    let found = async |row: &UploadRow| store.city().await.unwrap().upload(row.token).await.unwrap();
    assert_eq!(found(&one).await, Some(one.clone()));
    assert_eq!(store.city().await.unwrap().upload(one.digest).await.unwrap(), None, "a file is no token");
    store.apply(THERE, vec![Change::TakeUpload(one.token)].into()).await.unwrap();
    assert_eq!((found(&one).await, found(&two).await), (None, Some(two)));
}

pub async fn an_upload_that_is_gone_refuses_the_whole(fixture: &impl Fixture) {
    let store = fixture.store();
    let (row, write) = (upload(1, 9), new_case(HERE, 1, at(0)));
    store.apply(HERE, vec![Change::Upload(row.clone()), change(&write)].into()).await.unwrap();
    store.apply(HERE, vec![Change::TakeUpload(row.token)].into()).await.unwrap();
    let before = kept(store).await;
    let mut again: Changes = vec![
        Change::TakeUpload(row.token),
        Change::Attachment(photo(write.case.id, 1, Giver::Reporter, at(1))),
        change(&new_case(HERE, 2, at(0))),
    ]
    .into();
    again.answer = Some(answer("k", "{}", at(0)));
    let refused = store.apply(HERE, again).await;
    assert!(matches!(refused, Err(StoreError::Taken { what: "upload" })), "{refused:?}");
    assert_eq!(kept(store).await, before);
    assert_eq!(store.view(HERE).await.unwrap().answer("k").await.unwrap(), None);
}

pub async fn of_many_who_take_one_upload_exactly_one_gets_it(fixture: &impl Fixture) {
    let store = fixture.store();
    for no in 0..5_u64 {
        let row = upload(no, 9);
        store.apply(HERE, vec![Change::Upload(row.clone())].into()).await.unwrap();
        let takers = (0..12_u64).map(|taker| {
            let write = new_case(HERE, 100 * no + taker, at(0));
            let row = photo(write.case.id, no, Giver::Reporter, at(0));
            let list = vec![Change::TakeUpload(upload(no, 9).token), change(&write), Change::Attachment(row)];
            store.apply(HERE, list.into())
        });
        let taken = together(takers).await.into_iter().filter(Result::is_ok).count();
        assert_eq!(taken, 1, "upload {no}");
        let view = store.view(HERE).await.unwrap();
        let mut named = 0;
        for taker in 0..12_u64 {
            named += view.attachments(new_case(HERE, 100 * no + taker, at(0)).case.id).await.unwrap().len();
        }
        assert_eq!(named, 1, "cases with the photo of upload {no}");
    }
}

pub async fn uploads_whose_time_is_over_are_swept(fixture: &impl Fixture) {
    let store = fixture.store();
    store
        .apply(HERE, (0..4).map(|no| Change::Upload(upload(no, 10 * no as i64))).collect::<Vec<_>>().into())
        .await
        .unwrap();
    assert_eq!(store.upkeep().sweep_uploads(at(20)).await.unwrap(), 2);
    let city = store.city().await.unwrap();
    for no in 0..4 {
        assert_eq!(city.upload(upload(no, 0).token).await.unwrap().is_some(), no >= 2, "upload {no}");
    }
    assert_eq!(store.upkeep().sweep_uploads(at(20)).await.unwrap(), 0);
}

pub async fn a_photo_written_again_stays_as_it_was_first_given(fixture: &impl Fixture) {
    let store = fixture.store();
    let write = new_case(HERE, 1, at(0));
    let first = photo(write.case.id, 1, Giver::Staff, at(1));
    let later = AttachmentRow {
        by: Giver::Reporter,
        thumbnail: digest(9),
        width: 1,
        bytes: 1,
        given_at: at(5),
        ..first.clone()
    };
    store.apply(HERE, vec![change(&write), Change::Attachment(first.clone())].into()).await.unwrap();
    store.apply(HERE, vec![Change::Attachment(later.clone())].into()).await.unwrap();
    let both = vec![
        Change::Attachment(photo(write.case.id, 2, Giver::Staff, at(6))),
        Change::Attachment(AttachmentRow { digest: digest(2), ..later }),
    ];
    store.apply(HERE, both.into()).await.unwrap();
    let rows = store.view(HERE).await.unwrap().attachments(write.case.id).await.unwrap();
    assert_eq!(rows, [first, photo(write.case.id, 2, Giver::Staff, at(6))]);
}
