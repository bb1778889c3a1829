//! Every state that can be reached.

use merge_sync_model::protocol::Protocol;
use merge_sync_model::scenario::{Budget, Scenario};
use stateright::{Checker as _, Model as _};

#[test]
fn probe() {
    let arg = std::env::var("PROBE").unwrap_or_default();
    let b: Vec<u8> = arg.split(',').filter_map(|x| x.parse().ok()).collect();
    let g = |i: usize| b.get(i).copied().unwrap_or(0);
    let budget = if b.len() == 1 { Budget::any(g(0)) } else { Budget { faults: g(0), crashes: g(1), stalls: g(2), refusals: g(3), lost_answers: g(4), lost_requests: g(5), repeats: g(6), lost_webhooks: g(7), late_loads: g(8), late_webhooks: g(9) }};
    let mut s = Scenario::calm().with_budget(budget);
    s.hosts = std::env::var("HOSTS").map_or(2, |x| x.parse().unwrap()); s.most_requests = std::env::var("MOST").map_or(50, |x| x.parse().unwrap());
    let t = std::time::Instant::now();
    let c = Protocol::new(s).checker().target_state_count(std::env::var("CAP").map_or(200_000, |x| x.parse().unwrap())).finish_when(stateright::HasDiscoveries::AnyFailures).spawn_bfs().join();
    println!("{budget:?}: {} unique {} total depth {} in {:?}", c.unique_state_count(), c.state_count(), c.max_depth(), t.elapsed());
    for (name, path) in c.discoveries() {
        println!("== {name}");
        for (state, action) in path.into_vec() {
            println!("{} v{} {:?} {:?} hosts {:?} -> {action:?}", state.now, state.store.version, state.store.wake_at, state.breaches, state.hosts.iter().map(|h| match h { merge_sync_model::state::Host::Running(r) => format!("{:?}", r.effect).replace("Change { account: \"7841ee0a-5a1a-44db-bc7e-2912d8c17515\",","").replace("account: \"7841ee0a-5a1a-44db-bc7e-2912d8c17515\",","").chars().take(230).collect(), other => format!("{other:?}")}).collect::<Vec<_>>());
        }
    }
}
