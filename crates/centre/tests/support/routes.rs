//! Every route, by who may use it.

use reqwest::Method;
use uuid::Uuid;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    Agents,
    Administrators,
    Both,
}

/// Every route that asks for a session, each path with ids of nothing.
pub fn all() -> Vec<(For, Method, String)> {
    let id = Uuid::new_v4();
    let route = |whose, method, path: &str| (whose, method, path.replace("{}", &id.to_string()));
    vec![
        route(For::Agents, Method::PUT, "/v1/presence"),
        route(For::Agents, Method::POST, "/v1/start-answering"),
        route(For::Agents, Method::POST, "/v1/extend-wrap-up"),
        route(For::Agents, Method::POST, "/v1/heartbeat"),
        route(For::Agents, Method::GET, "/v1/events"),
        route(For::Agents, Method::GET, "/v1/legs"),
        route(For::Agents, Method::PUT, "/v1/wrap-ups/{}"),
        route(For::Agents, Method::PUT, "/v1/customers/{}"),
        route(For::Agents, Method::PUT, "/v1/tickets/{}"),
        route(For::Administrators, Method::GET, "/v1/calls"),
        route(For::Administrators, Method::GET, "/v1/calls/{}"),
        route(For::Administrators, Method::GET, "/v1/wrap-ups?call={}"),
        route(For::Administrators, Method::GET, "/v1/tickets?call={}"),
        route(For::Administrators, Method::POST, "/v1/practice/calls"),
        route(For::Administrators, Method::GET, "/v1/practice/calls"),
        route(For::Administrators, Method::GET, "/v1/practice/calls/{}"),
        route(For::Administrators, Method::DELETE, "/v1/practice/calls/{}"),
        route(
            For::Administrators,
            Method::PUT,
            "/v1/practice/calls/{}/muted",
        ),
        route(
            For::Administrators,
            Method::PUT,
            "/v1/practice/callees/12000550486",
        ),
        route(For::Both, Method::GET, "/v1/customers?number=10086"),
        route(For::Both, Method::GET, "/v1/customers/{}"),
        route(For::Both, Method::GET, "/v1/wrap-ups/{}"),
        route(For::Both, Method::GET, "/v1/recordings/{}"),
        route(For::Both, Method::DELETE, "/v1/sessions/current"),
    ]
}
