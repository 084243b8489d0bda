//! The operator's page: its table and its buttons.

use crate::client::Client;
use crate::service::TOKEN;

/// Clicks a button, and returns the cell's generation afterwards.
pub(crate) fn click(operator: &mut Client, verb: &str, cell: &str, status: u16) -> u64 {
    let page = operator.get("/cells").body;
    let button = format!("name=\"{verb}\" value=\"");
    let (_, id) = row(&page, cell).split_once(&button).expect("a button");
    let id = id.split('"').next().expect("an id");
    let answer = operator.post("/cells", &format!("token={TOKEN}&{verb}={id}"));
    assert_eq!(answer.status, status, "{verb} {cell}");
    let cells = operator.get("/cells.json").json();
    let cells = cells.as_array().expect("a list");
    let cell = cells.iter().find(|other| other["name"] == cell).expect("the cell");
    cell["generation"].as_u64().unwrap_or(0)
}

/// The row of a cell in the table.
pub(crate) fn row<'a>(page: &'a str, cell: &str) -> &'a str {
    let name = format!("<bdi>{cell}</bdi></a></th>");
    let row = page.split("<tr id=\"r").find(|row| row.contains(&name));
    row.and_then(|row| row.split("</tr>").next()).expect("a row")
}
