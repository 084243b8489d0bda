use cells::{BoxError, Ref, runtime_cell};
use std::rc::Rc;

struct Settings;

impl Settings {
    fn save(&self) {}
    fn consume(self) {}
    fn size(&self) -> usize {
        1
    }
}

#[runtime_cell(permanent, dispose = Settings::save)]
fn settings() -> Settings {
    Settings
}

#[runtime_cell(permanent)]
fn fragile() -> Result<Settings, BoxError> {
    Ok(Settings)
}

#[runtime_cell(permanent)]
async fn awaited() -> Settings {
    Settings
}

#[runtime_cell(permanent, blocking)]
fn blocking() -> Settings {
    Settings
}

#[runtime_cell(permanent, dispose = drop)]
fn dropped() -> Settings {
    Settings
}

#[runtime_cell(permanent, dispose = Settings::consume)]
fn consumed() -> Settings {
    Settings
}

#[runtime_cell(permanent, dispose = Settings::size)]
fn measured() -> Settings {
    Settings
}

#[runtime_cell(permanent)]
fn not_a_payload() -> Rc<u8> {
    Rc::new(1)
}

#[runtime_cell(permanent = true)]
fn with_a_value() -> Settings {
    Settings
}

#[runtime_cell]
fn leased(settings: Ref<'static, Settings>) -> u8 {
    drop(settings);
    1
}

#[runtime_cell]
fn may_fail(fragile: &Settings) -> u8 {
    drop(fragile);
    1
}

#[runtime_cell]
fn wrong_type(settings: &String) -> u8 {
    drop(settings);
    1
}

fn main() {
    SETTINGS.close();
    SETTINGS.invalidate();
    SETTINGS.refresh();
    let _: &'static Settings = settings();
    let _: &'static Settings = fragile().unwrap();
    let _ = async { drop(awaited().await) };
    let _: [&'static Settings; 4] = [blocking(), dropped(), consumed(), measured()];
    let _: &'static Rc<u8> = not_a_payload();
    let _: u8 = *leased() + *may_fail() + *wrong_type();
}
