use cells::testing::Sandbox;

fn main() {
    let sandbox = Sandbox::new();
    let _one = sandbox.enter();
    let _two = sandbox.enter();
}
