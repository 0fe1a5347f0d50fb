//! A request's body → `Parameters`: nothing out of range goes on to Behest.

use behest_token::parameters::Parameters;
use serde_json::Value;

/// Checks one body.
pub fn holds(data: &[u8]) {
    let Ok(parameters) = Parameters::read(data) else {
        return;
    };
    let text = std::str::from_utf8(data).unwrap();
    let body: Value = match text.strip_prefix('\u{feff}').unwrap_or(text).trim() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap(),
    };
    assert_eq!(body["sessionId"].as_str(), parameters.session_id());
    assert_eq!(body["model"].as_str(), parameters.model());
    if let Some(id) = parameters.session_id() {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._:-".contains(letter);
        assert!((1..=128).contains(&id.len()) && id.chars().all(plain));
    }
    if let Some(model) = parameters.model() {
        assert!((1..=128).contains(&model.chars().count()));
    }
}
