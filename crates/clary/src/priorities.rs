//! Which threads the system runs first when all of them want to run.

/// How much background threads stand back. At 10, a thread that competes with a listener's for a
/// core gets about a tenth of it: little enough that invocations do not wait, and enough that
/// uploads, deployments and operators go on while a machine is saturated by invocations.
const NICE: i32 = 10;

/// Lets this thread stand back behind those of the listeners: whatever one client uploads, the calls
/// of others come first. On other systems than Linux niceness is the whole process's, and stays.
pub(crate) fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = lower_to(NICE) {
        tracing::debug!(%error, "background work competes with invocations as their equal");
    }
}

/// A thread that stands back further already is left alone.
#[cfg(target_os = "linux")]
fn lower_to(nice: i32) -> rustix::io::Result<()> {
    use rustix::process::{getpriority_process, setpriority_process};
    if getpriority_process(None)? >= nice {
        return Ok(());
    }
    setpriority_process(None, nice)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn one_thread_stands_back_and_no_other() {
        let nice = || getpriority_process(None).expect("it can be asked");
        let before = nice();
        let stood_back = std::thread::spawn(move || {
            stand_back();
            nice()
        });
        assert_eq!(stood_back.join().expect("no panic"), NICE.max(before));
        assert_eq!(nice(), before);
    }
}
