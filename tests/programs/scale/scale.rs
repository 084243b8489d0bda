//! How time and memory grow with the number of cells, waiters, nested factories, generations and instances.
//!
//! ```text
//! cargo bench -p cells-scale-program --bench scale            # everything, some three minutes beside building
//! cargo bench -p cells-scale-program --bench scale -- waiting # the tables whose titles contain this
//! ```
//!
//! Each row has a time at each size, the exponent by which it grows between them (1.0 is linear), and the most memory
//! in use above that at its start, for each item of the greatest size. A size is left out if the one before took too
//! long. The declared cells are in a program of their own, which is built for each number of them. The one of 10,000
//! takes minutes to build, and is left out unless `CELLS_SCALE_MOST` is 10000.

#![expect(unsafe_code, reason = "a global allocator is unsafe to implement")]

mod ageing;

use cells::{BoxError, BoxFuture, Ref, RuntimeCell};
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::env;
use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, LazyLock, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::{Notify, OnceCell};

/// A row ends at the size that takes longer than this.
const TOO_LONG: Duration = Duration::from_secs(2);

struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let bytes = BYTES.fetch_add(layout.size(), SeqCst) + layout.size();
        PEAK.fetch_max(bytes, SeqCst);
        // SAFETY: the caller keeps the same promises to this allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), SeqCst);
        // SAFETY: the caller keeps the same promises to this allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Rows = fn(&[usize]);

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    // Cargo runs it without `--bench` only to test that it runs.
    let full = arguments.iter().any(|argument| argument == "--bench");
    let wanted: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let sizes = move |sizes: &[usize]| -> Vec<usize> { sizes[..if full { sizes.len() } else { 1 }].to_vec() };
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    println!(
        "{} x {}",
        thread::available_parallelism().map_or(1, usize::from),
        model.trim_start_matches([' ', '\t', ':'])
    );
    let tables: [(&str, &[usize], Rows); 8] = [
        ("declared cells", &[100, 1_000, 10_000], declared),
        ("waiting threads", &[10, 100, 1_000, 10_000], waiting_threads),
        ("waiting tasks", &[10, 100, 1_000, 10_000, 100_000], waiting_tasks),
        ("nested factories", &[10, 100, 1_000, 10_000], nested_factories),
        ("nested futures", &[10, 100, 1_000], nested_futures),
        ("generations leased at once", &[10, 100, 1_000, 10_000], generations),
        ("ageing payloads", &[100, 1_000, 10_000], ageing::ageing),
        ("instances", &[100, 1_000, 10_000, 100_000], instances),
    ];
    for (title, numbers, rows) in tables {
        if wanted.is_empty() || wanted.iter().any(|text| title.contains(text.as_str())) {
            println!("\n{title}");
            rows(&sizes(numbers));
        }
    }
}

/// The time of a row at one size, and the memory for each item if it was counted.
type Sample = (usize, Duration, Option<usize>);

/// Measures a row at each size; `work` returns the time that counts.
fn row(name: &str, sizes: &[usize], mut work: impl FnMut(usize) -> Duration) {
    let mut samples = Vec::new();
    for &size in sizes {
        let start = Instant::now();
        let before = BYTES.load(SeqCst);
        PEAK.store(before, SeqCst);
        let took = work(size);
        let bytes = PEAK.load(SeqCst).saturating_sub(before);
        samples.push((size, took, Some(bytes / size)));
        if start.elapsed() > TOO_LONG {
            break;
        }
    }
    print(name, sizes, &samples);
}

#[expect(clippy::cast_precision_loss, reason = "an exponent of two digits")]
fn print(name: &str, sizes: &[usize], samples: &[Sample]) {
    print!("  {name:<44}");
    let mut before: Option<&Sample> = None;
    for sample in samples {
        let (size, took, _) = sample;
        print!(" {size}: {}", time(*took));
        if let Some((smaller, quicker, _)) = before {
            let growth = took.as_secs_f64() / quicker.as_secs_f64().max(1e-9);
            print!(" (n^{:.1})", growth.ln() / (*size as f64 / *smaller as f64).ln());
        }
        before = Some(sample);
    }
    if samples.len() < sizes.len() {
        print!(" then too long");
    }
    match samples.last() {
        Some((_, _, Some(bytes))) => println!("; {bytes} B each"),
        _ => println!(),
    }
}

fn time(took: Duration) -> String {
    let nanos = took.as_secs_f64() * 1e9;
    match took.as_nanos() {
        0..10_000 => format!("{nanos:.0} ns"),
        10_000..10_000_000 => format!("{:.0} us", nanos / 1e3),
        _ => format!("{:.0} ms", nanos / 1e6),
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Builds the program of declared cells at each size, and collects its rows.
fn declared(sizes: &[usize]) {
    let most = env::var("CELLS_SCALE_MOST").ok().and_then(|cells| cells.parse().ok()).unwrap_or(1_000);
    let sizes: Vec<_> = sizes.iter().copied().filter(|&size| size <= most).collect();
    let mut rows: BTreeMap<usize, (String, Vec<Sample>)> = BTreeMap::new();
    for &size in &sizes {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "rustc",
            "--quiet",
            "--release",
            "--package",
            env!("CARGO_PKG_NAME"),
            "--bin",
            "declared",
        ]);
        // Only the declarations: what they call is in the library.
        cargo.args(["--message-format=json-render-diagnostics", "--", "-C", "opt-level=0"]);
        let built = cargo.env("CELLS_SCALE_CELLS", size.to_string()).output().expect("cargo starts");
        let messages = String::from_utf8_lossy(&built.stdout);
        let (_, program) = messages.rsplit_once("\"executable\":\"").expect("the program is built");
        let program = program.split('"').next().unwrap_or_default();
        let output = Command::new("timeout").args(["60", program]).output().expect("the program starts");
        let text = String::from_utf8_lossy(&output.stdout);
        for (index, line) in text.lines().skip(1).enumerate() {
            let (name, nanos) = line.split_once('\t').unwrap_or((line, "0"));
            let took = Duration::from_nanos(nanos.parse().unwrap_or(0));
            rows.entry(index).or_insert_with(|| (name.to_owned(), Vec::new())).1.push((size, took, None));
        }
    }
    for (name, samples) in rows.values() {
        print(name, &sizes, samples);
    }
}

fn cell(name: &'static str, limit: Duration) -> RuntimeCell<u64> {
    RuntimeCell::new(name).wait_timeout(limit)
}

/// Lets the factory return when `arrived` says that all wait; returns the time until the last of them has its answer.
fn crowd_of_threads<C: Send + Sync + 'static>(
    waiters: usize,
    cell: C,
    get: fn(&C, &(dyn Fn() + Sync)),
    arrived: fn(&C, usize) -> bool,
) -> Duration {
    let (cell, begun, go) = (Arc::new(cell), Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let factory = || {
            begun.wait();
            go.wait();
        };
        let flight = {
            let cell = cell.clone();
            scope.spawn(move || get(&cell, &factory))
        };
        begun.wait();
        let here = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..waiters)
            .map(|_| {
                let (cell, here) = (cell.clone(), here.clone());
                let thread = thread::Builder::new().stack_size(64 << 10);
                let wait = move || {
                    here.fetch_add(1, SeqCst);
                    get(&cell, &|| ());
                };
                thread.spawn_scoped(scope, wait).expect("a thread")
            })
            .collect();
        while here.load(SeqCst) < waiters || !arrived(&cell, waiters) {
            thread::yield_now();
        }
        let start = Instant::now();
        go.wait();
        for thread in threads {
            thread.join().expect("no panic");
        }
        let took = start.elapsed();
        flight.join().expect("no panic");
        took
    })
}

fn waiting_threads(sizes: &[usize]) {
    row("release and join: RuntimeCell", sizes, |waiters| {
        let get = |cell: &RuntimeCell<u64>, factory: &(dyn Fn() + Sync)| {
            let build = || {
                factory();
                Ok::<_, Infallible>(1)
            };
            drop(black_box(cell.get_or_initialize(build)));
        };
        crowd_of_threads(waiters, cell("threads", Duration::ZERO), get, |cell, waiters| {
            cell.snapshot().waiters == waiters
        })
    });
    row("release and join: OnceLock", sizes, |waiters| {
        let get = |cell: &OnceLock<u64>, factory: &(dyn Fn() + Sync)| {
            let build = || {
                factory();
                1
            };
            black_box(cell.get_or_init(build));
        };
        // It cannot say how many wait.
        crowd_of_threads(waiters, OnceLock::new(), get, |_, waiters| {
            thread::sleep(Duration::from_micros(20 * u64::try_from(waiters).unwrap_or(0)));
            true
        })
    });
}

/// Waiters in tasks, which `get` starts; the time until the last of them has its answer.
fn crowd_of_tasks<F, G>(waiters: usize, release: bool, get: G) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
    G: Fn(Arc<Notify>) -> F,
{
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let gate = Arc::new(Notify::new());
        let flight = tokio::spawn(get(gate.clone()));
        tokio::time::sleep(Duration::from_millis(5)).await;
        let started = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let tasks: Vec<_> = (0..waiters)
            .map(|_| {
                let (call, started) = (get(gate.clone()), started.clone());
                tokio::spawn(async move {
                    started.fetch_add(1, SeqCst);
                    call.await;
                })
            })
            .collect();
        while started.load(SeqCst) < waiters {
            tokio::task::yield_now().await;
        }
        let start = if release { Instant::now() } else { begun };
        if release {
            gate.notify_one();
        }
        for task in tasks {
            task.await.expect("no panic");
        }
        let took = start.elapsed();
        gate.notify_one();
        flight.await.expect("no panic");
        took
    })
}

/// How long tasks wait in the rows about time limits.
const LIMIT: Duration = Duration::from_millis(300);

fn waiting_tasks(sizes: &[usize]) {
    let cells = |limit: Duration| {
        let cell = Arc::new(cell("tasks", limit));
        move |gate: Arc<Notify>| {
            let cell = cell.clone();
            async move {
                let build = || async {
                    gate.notified().await;
                    Ok::<_, Infallible>(1)
                };
                drop(black_box(cell.get_or_initialize_async(build).await));
            }
        }
    };
    let peers = |limit: Duration| {
        let cell = Arc::new(OnceCell::<u64>::new());
        move |gate: Arc<Notify>| {
            let cell = cell.clone();
            async move {
                let get = cell.get_or_init(|| async {
                    gate.notified().await;
                    1
                });
                drop(black_box(tokio::time::timeout(limit, get).await.copied()));
            }
        }
    };
    row("release: RuntimeCell", sizes, |n| crowd_of_tasks(n, true, cells(Duration::ZERO)));
    row("release: tokio OnceCell", sizes, |n| crowd_of_tasks(n, true, peers(Duration::from_secs(3600))));
    row("300 ms limit: RuntimeCell", sizes, |n| crowd_of_tasks(n, false, cells(LIMIT)));
    row("300 ms limit: tokio OnceCell and timeout", sizes, |n| {
        // Its first caller has a limit too, so another must hold the cell.
        let cell = Arc::new(OnceCell::<u64>::new());
        let first = AtomicUsize::new(0);
        crowd_of_tasks(n, false, move |gate: Arc<Notify>| {
            let cell = cell.clone();
            let limit = if first.fetch_add(1, SeqCst) == 0 { Duration::from_secs(3600) } else { LIMIT };
            async move {
                let get = cell.get_or_init(|| async {
                    gate.notified().await;
                    1
                });
                drop(black_box(tokio::time::timeout(limit, get).await.copied()));
            }
        })
    });
}

/// Runs on a thread with as much stack as it takes.
fn deep<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(1 << 30).spawn_scoped(scope, work);
        thread.expect("a thread").join().expect("no panic")
    })
}

fn nested_factories(sizes: &[usize]) {
    fn nest(cells: &[RuntimeCell<u64>]) -> Result<u64, BoxError> {
        let Some((first, rest)) = cells.split_first() else { return Ok(0) };
        Ok(*first.get_or_initialize(|| nest(rest))? + 1)
    }
    fn nest_locks(cells: &[OnceLock<u64>]) -> u64 {
        let Some((first, rest)) = cells.split_first() else { return 0 };
        first.get_or_init(|| nest_locks(rest)) + 1
    }
    row("RuntimeCell", sizes, |levels| {
        let cells: Vec<_> = (0..levels).map(|_| cell("level", Duration::ZERO)).collect();
        timed(|| {
            assert_eq!(deep(|| nest(&cells)).ok().and_then(|sum| usize::try_from(sum).ok()), Some(levels));
        })
    });
    row("OnceLock", sizes, |levels| {
        let cells: Vec<_> = (0..levels).map(|_| OnceLock::new()).collect();
        timed(|| assert_eq!(usize::try_from(deep(|| nest_locks(&cells))).ok(), Some(levels)))
    });
    row("payloads that lease each other: drop", sizes, |links| {
        struct Link(#[expect(dead_code, reason = "it keeps the next one")] Option<Ref<'static, Link>>);
        deep(|| {
            let mut last = None;
            for _ in 0..links {
                let cell: &'static RuntimeCell<Link> = Box::leak(Box::new(RuntimeCell::new("link")));
                let lease =
                    cell.get_or_initialize(|| Ok::<_, Infallible>(Link(last.take()))).expect("infallible");
                cell.invalidate();
                last = Some(lease);
            }
            timed(|| drop(last))
        })
    });
    row("chain of Arcs: drop", sizes, |links| {
        struct Link(#[expect(dead_code, reason = "it keeps the next one")] Option<Arc<Link>>);
        deep(|| {
            let mut last = None;
            for _ in 0..links {
                last = Some(Arc::new(Link(last)));
            }
            timed(|| drop(last))
        })
    });
}

/// Futures nested eight deep, each inside the factory of the next.
macro_rules! levels {
    ($ty:ty, |$cell:ident, $inner:ident| $get:expr; $($level:ident = $within:ident),*) => {{
        async fn zero(_: &$ty) -> u64 {
            1
        }
        $(async fn $level($cell: &$ty) -> u64 {
            let $inner = || $within($cell);
            $get
        })*
        |cell: &$ty| [size_of_val(&one(cell)), size_of_val(&eight(cell))]
    }};
    ($ty:ty, |$cell:ident, $inner:ident| $get:expr) => {
        levels!($ty, |$cell, $inner| $get; one = zero, two = one, three = two, four = three, five = four, six = five,
            seven = six, eight = seven)
    };
}

#[allow(clippy::large_futures, reason = "their size is what is measured")]
fn nested_futures(sizes: &[usize]) {
    fn boxed(cells: &[RuntimeCell<u64>]) -> BoxFuture<'_, Result<u64, BoxError>> {
        Box::pin(async move {
            let Some((first, rest)) = cells.split_first() else { return Ok(0) };
            Ok(*first.get_or_initialize_async(|| boxed(rest)).await? + 1)
        })
    }
    fn boxed_peers(cells: &[OnceCell<u64>]) -> BoxFuture<'_, u64> {
        Box::pin(async move {
            let Some((first, rest)) = cells.split_first() else { return 0 };
            first.get_or_init(|| boxed_peers(rest)).await + 1
        })
    }
    let ours = levels!(RuntimeCell<u64>, |cell, inner| {
        let build = || async { Ok::<_, Infallible>(inner().await) };
        cell.get_or_initialize_async(build).await.map_or(0, |value| *value)
    });
    let theirs = levels!(OnceCell<u64>, |cell, inner| *cell.get_or_init(inner).await);
    println!("  bytes of a future, one level and eight: {:?} RuntimeCell", ours(&cell("level", LIMIT)));
    println!("  bytes of a future, one level and eight: {:?} tokio OnceCell", theirs(&OnceCell::new()));
    row("boxed: RuntimeCell", sizes, |levels| {
        let cells: Vec<_> = (0..levels).map(|_| cell("level", Duration::ZERO)).collect();
        timed(|| assert!(deep(|| futures::executor::block_on(boxed(&cells))).is_ok()))
    });
    row("boxed: tokio OnceCell", sizes, |levels| {
        let cells: Vec<_> = (0..levels).map(|_| OnceCell::new()).collect();
        timed(|| assert!(deep(|| futures::executor::block_on(boxed_peers(&cells))) > 0))
    });
}

fn generations(sizes: &[usize]) {
    let build = || Ok::<_, Infallible>(1);
    row("a refresh beside that many leases", sizes, |leases| {
        let cell = cell("generations", Duration::ZERO);
        let _leases: Vec<_> = (0..leases).map(|_| cell.refresh(build).expect("infallible")).collect();
        timed(|| (0..100).for_each(|_| drop(cell.refresh(build)))) / 100
    });
    row("1,000 reads beside that many leases", sizes, |leases| {
        let cell = cell("generations", Duration::ZERO);
        let _leases: Vec<_> = (0..leases).map(|_| cell.refresh(build).expect("infallible")).collect();
        timed(|| (0..1_000).for_each(|_| drop(black_box(cell.peek()))))
    });
    row("dropping that many leases", sizes, |leases| {
        let cell = cell("generations", Duration::ZERO);
        let leases: Vec<_> = (0..leases).map(|_| cell.refresh(build).expect("infallible")).collect();
        timed(|| drop(leases))
    });
}

fn instances(sizes: &[usize]) {
    let made = |instances| -> Vec<_> {
        let instances = (0..instances).map(|_| cell("instance", Duration::ZERO)).collect::<Vec<_>>();
        for instance in &instances {
            drop(instance.get_or_initialize(|| Ok::<_, Infallible>(1)));
        }
        instances
    };
    row("new, get and drop of one more", sizes, |alive| {
        let _alive = made(alive);
        timed(|| (0..1_000).for_each(|_| drop(made(1)))) / 1_000
    });
    row("10,000 reads of the last", sizes, |alive| {
        let alive = made(alive);
        let last = &alive[alive.len() - 1];
        timed(|| (0..10_000).for_each(|_| drop(black_box(last.peek()))))
    });
    row("10,000 reads of the last LazyLock", sizes, |alive| {
        let locks: Vec<_> = (0..alive).map(|_| LazyLock::new(|| 1_u64)).collect();
        let last = &locks[alive - 1];
        timed(|| (0..10_000).for_each(|_| assert_eq!(**black_box(last), 1)))
    });
    row("dropping all of them", sizes, |alive| {
        let alive = made(alive);
        timed(|| drop(alive))
    });
}
