//! The binding in a browser's worker: an index that cannot be reached is a problem, not an absence.
#![cfg(target_arch = "wasm32")]

use serde_json::Value;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const REQUEST: &str = r#"{
    "pyproject": "[project]\nname = \"a\"\nversion = \"1\"\nrequires-python = \">=3.12\"\ndependencies = [\"b\"]\n",
    "options": { "public_index": "http://127.0.0.1:9/simple" }
}"#;

async fn problem(batch_url: Option<&str>) -> Value {
    let listen = js_sys::Function::new_no_args("");
    let batch_url = batch_url.map(str::to_owned);
    let problem = lockwright_wasm::lock(REQUEST.to_owned(), listen, batch_url)
        .await
        .unwrap_err();
    serde_json::from_str(&problem).unwrap()
}

#[wasm_bindgen_test]
async fn an_unreachable_index_is_a_problem() {
    let problem = problem(None).await;
    assert_eq!(problem["status"], 502, "{problem}");
}

#[wasm_bindgen_test]
async fn an_unreachable_edge_is_a_problem() {
    let problem = problem(Some("http://127.0.0.1:9/v1/index/batch")).await;
    assert_eq!(problem["status"], 502, "{problem}");
}

#[wasm_bindgen_test]
async fn an_edge_without_the_route_is_a_problem() {
    // The test runner's own server answers here, with 404.
    let problem = problem(Some("/v1/index/batch")).await;
    assert_eq!(problem["status"], 502, "{problem}");
}
