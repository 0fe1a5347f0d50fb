//! A request's body → `Wishes`: nothing out of range goes on to Behest.

use behest_token::wishes::Wishes;
use serde_json::Value;

/// Checks one body.
pub fn holds(data: &[u8]) {
    let Ok(wishes) = Wishes::read(data) else {
        return;
    };
    let text = std::str::from_utf8(data).unwrap();
    let body: Value = match text.strip_prefix('\u{feff}').unwrap_or(text).trim() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap(),
    };
    assert_eq!(body["sessionId"].as_str(), wishes.session_id());
    assert_eq!(body["model"].as_str(), wishes.model());
    if let Some(id) = wishes.session_id() {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._:-".contains(letter);
        assert!((1..=128).contains(&id.len()) && id.chars().all(plain));
    }
    if let Some(model) = wishes.model() {
        assert!((1..=128).contains(&model.chars().count()));
    }
}
