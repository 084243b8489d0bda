//! The scenarios, one file for each kind of surroundings.

mod abort;
mod ageing;
mod allocator;
mod destructors;
mod forks;
mod harness;
mod hooks;
mod limits;
mod payload;
mod runtimes;
mod signals;
mod subscribers;

use harness::{Ends, Scenario};

/// Lists scenarios by file; what follows `=>` is how the process must end, if not well.
macro_rules! scenarios {
    ($($file:ident { $($name:ident $(=> $ends:expr)?,)* })*) => {
        &[$($(Scenario { name: stringify!($name), run: $file::$name, ends: scenarios!(@ $($ends)?) },)*)*]
    };
    (@) => { Ends::Well };
    (@ $ends:expr) => { $ends };
}

const SCENARIOS: &[Scenario] = scenarios! {
    hooks {
        a_panic_hook_exits_while_a_factory_panics => Ends::With(7),
        a_panic_hook_aborts_while_a_factory_panics => Ends::Killed(libc::SIGABRT),
        a_panic_hook_reads_the_cell_that_fails_and_others,
        a_panic_hook_closes_the_cell_that_fails,
        x16_a_panic_hook_closes_all_cells_while_a_factory_panics,
        x16_a_panic_hook_shuts_down_while_a_factory_panics,
        x16_a_panic_hook_shuts_down_while_a_factory_inside_another_panics,
        x16_a_panic_hook_shuts_down_while_a_permanent_cells_factory_panics,
        x16_a_panic_hook_shuts_down_while_an_async_factory_panics,
        x16_a_panic_hook_shuts_down_while_a_blocking_factory_panics,
        x16_a_panic_hook_shuts_down_while_a_disposer_panics,
    }
    abort {
        a_program_without_unwinding_lives_and_ends,
        a_program_without_unwinding_has_time_limits,
        x11_a_program_without_unwinding_has_time_limits_without_timers,
        a_factory_that_panics_without_unwinding_aborts,
    }
    runtimes {
        x11_a_second_caller_has_its_limit_on_a_runtime_without_timers,
        x11_a_panic_hook_that_exits_is_not_called_where_timers_are_missing,
        closes_have_their_limits_on_a_runtime_without_timers,
        a_runtime_ends_before_a_flight_is_polled,
        a_runtime_ends_while_a_factory_waits,
        a_runtime_ends_while_a_factory_waits_for_a_dependency,
        a_runtime_ends_while_a_detached_factory_waits,
        a_runtime_ends_while_its_own_payload_is_built,
        x8_a_runtime_ends_while_a_blocking_factory_runs,
        x8_a_runtime_ends_after_a_blocking_factory_has_returned,
        a_runtime_ends_while_an_observer_is_notified_of_the_payload,
        a_runtime_ends_while_an_async_disposer_waits_in_a_closer,
        a_runtime_ends_while_an_async_disposer_waits_in_a_task,
        a_runtime_ends_while_a_disposer_blocks_its_pool,
        a_runtime_ends_while_the_disposer_of_its_payload_blocks,
    }
    forks {
        a_child_forked_before_any_use_has_cells_of_its_own,
        a_child_uses_and_closes_what_its_parent_built,
        a_child_forked_inside_a_factory_finishes_it,
        a_child_forked_inside_a_disposer_finishes_it,
        a_child_makes_a_runtime_of_its_own,
        a_child_warms_up_and_shuts_down,
        x21_a_child_gets_a_cell_that_another_thread_is_building,
        x21_a_child_gets_a_cell_with_a_limit_that_another_thread_is_building,
        x21_a_child_gets_a_permanent_cell_that_another_thread_is_building,
        x21_a_child_gets_an_async_cell_that_another_thread_is_building,
        x21_a_child_closes_and_drains_a_cell_that_another_thread_is_building,
        x21_a_child_shuts_down_while_another_thread_is_building,
        x21_a_limit_ends_a_wait_in_the_child_of_a_process_with_a_timer,
    }
    subscribers {
        a_log_layer_reads_a_cell_at_each_event,
        x15_a_log_layer_reads_a_failing_cell_at_each_event,
        x15_a_log_layer_reads_a_failing_async_cell_at_each_event,
        x15_a_log_layer_closes_and_builds_at_each_event,
    }
    allocator {
        an_allocator_reads_a_permanent_cell_at_each_call,
        an_allocator_peeks_at_a_permanent_cell_that_is_being_built,
    }
    signals {
        x30_a_signal_handler_reads_what_the_program_keeps,
    }
    destructors {
        a_threads_destructors_get_and_close_before_the_librarys_own,
        a_threads_destructors_get_and_close_after_the_librarys_own,
        a_lease_in_a_thread_local_ends_with_its_thread,
        a_factory_asks_for_its_own_cell_in_a_threads_early_destructor,
        x6_a_factory_asks_for_its_own_cell_in_a_threads_last_destructor,
        x6_factories_ask_for_each_other_in_a_threads_last_destructor,
    }
    limits {
        threads_with_small_stacks_get_wait_refresh_and_close,
        no_thread_can_be_started_for_a_warm_up_or_a_shutdown,
        a_task_waits_with_a_limit_where_no_thread_can_be_started,
        memory_is_too_short_for_threads,
        membarrier_is_denied_from_the_start,
        r7_a_build_and_no_read_chooses_the_read_path,
    }
    ageing {
        f2_a_process_is_stopped_until_its_payload_has_ended,
        f2_a_child_looks_at_what_has_ended_since_its_parent_built_it,
        f7_a_payload_ages_where_no_thread_can_be_started,
        f1_a_payload_ends_while_no_thread_can_be_started_for_its_disposer,
        f7_a_runtime_ends_during_a_refresh,
        f7_a_process_exits_during_a_refresh,
        f7_a_process_shuts_down_during_a_refresh,
    }
};

pub(crate) fn main() {
    harness::main(SCENARIOS);
}
