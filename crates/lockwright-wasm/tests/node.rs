//! The binding under Node: what needs no network.
#![cfg(target_arch = "wasm32")]

use serde_json::Value;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn formats_have_names_and_files() {
    let formats: Value = serde_json::from_str(&lockwright_wasm::formats()).unwrap();
    let uv = formats
        .as_array()
        .unwrap()
        .iter()
        .find(|format| format["name"] == "uv")
        .unwrap();
    assert_eq!(uv["file_name"], "uv.lock");
    assert_eq!(lockwright_wasm::version(), env!("CARGO_PKG_VERSION"));
}

#[wasm_bindgen_test]
fn a_mistake_is_found_where_it_stands() {
    let text = "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"b ==\"]\n";
    let found: Value = serde_json::from_str(&lockwright_wasm::diagnose(text)).unwrap();
    let first = &found[0];
    assert_eq!(first["code"], "manifest/invalid-requirement");
    let span = &first["labels"][0]["span"];
    let (start, end) = (
        span["start"].as_u64().unwrap(),
        span["end"].as_u64().unwrap(),
    );
    let line = text.find("dependencies").unwrap() as u64;
    assert!(
        line < start && start <= end && end <= text.len() as u64,
        "{span}"
    );
    assert_eq!(
        lockwright_wasm::diagnose("[project]\nname = \"a\"\nversion = \"1\"\n"),
        "[]"
    );
}

#[wasm_bindgen_test]
async fn a_request_that_is_no_json_is_a_problem() {
    let listen = js_sys::Function::new_no_args("");
    let problem = lockwright_wasm::lock("{".to_owned(), listen, None)
        .await
        .unwrap_err();
    let problem: Value = serde_json::from_str(&problem).unwrap();
    assert_eq!(problem["code"], "request/invalid-json");
    assert_eq!(problem["status"], 400);
}

#[wasm_bindgen_test]
async fn a_project_without_dependencies_needs_no_index() {
    let request = r#"{"pyproject": "[project]\nname = \"alone\"\nversion = \"1\"\nrequires-python = \">=3.12\"\n"}"#;
    let listen = js_sys::Function::new_no_args("");
    let reply = lockwright_wasm::lock(request.to_owned(), listen, None)
        .await
        .unwrap();
    let reply: Value = serde_json::from_str(&reply).unwrap();
    let text = reply["locks"]["uv"]["text"].as_str().unwrap();
    assert!(text.starts_with("version = 1\n"), "{text}");
}
