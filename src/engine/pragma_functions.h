// engine/pragma_functions.h: the functions behind engine/pragmas.def, one a pragma. Errors: of what they read or set.
#pragma once

#include "engine/pragma.h"

namespace perlite::engine {

Status pragma_analysis_limit(PragmaCall& call);
Status pragma_application_id(PragmaCall& call);
Status pragma_auto_vacuum(PragmaCall& call);
Status pragma_automatic_index(PragmaCall& call);
Status pragma_busy_timeout(PragmaCall& call);
Status pragma_cache_size(PragmaCall& call);
Status pragma_cache_spill(PragmaCall& call);
Status pragma_case_sensitive_like(PragmaCall& call);
Status pragma_cell_size_check(PragmaCall& call);
Status pragma_checkpoint_fullfsync(PragmaCall& call);
Status pragma_collation_list(PragmaCall& call);
Status pragma_compile_options(PragmaCall& call);
Status pragma_count_changes(PragmaCall& call);
Status pragma_data_version(PragmaCall& call);
Status pragma_database_list(PragmaCall& call);
Status pragma_default_cache_size(PragmaCall& call);
Status pragma_defer_foreign_keys(PragmaCall& call);
Status pragma_empty_result_callbacks(PragmaCall& call);
Status pragma_encoding(PragmaCall& call);
Status pragma_foreign_key_check(PragmaCall& call);
Status pragma_foreign_key_list(PragmaCall& call);
Status pragma_foreign_keys(PragmaCall& call);
Status pragma_freelist_count(PragmaCall& call);
Status pragma_full_column_names(PragmaCall& call);
Status pragma_fullfsync(PragmaCall& call);
Status pragma_function_list(PragmaCall& call);
Status pragma_hard_heap_limit(PragmaCall& call);
Status pragma_ignore_check_constraints(PragmaCall& call);
Status pragma_incremental_vacuum(PragmaCall& call);
Status pragma_index_info(PragmaCall& call);
Status pragma_index_list(PragmaCall& call);
Status pragma_index_xinfo(PragmaCall& call);
Status pragma_integrity_check(PragmaCall& call);
Status pragma_journal_mode(PragmaCall& call);
Status pragma_journal_size_limit(PragmaCall& call);
Status pragma_legacy_alter_table(PragmaCall& call);
Status pragma_locking_mode(PragmaCall& call);
Status pragma_max_page_count(PragmaCall& call);
Status pragma_mmap_size(PragmaCall& call);
Status pragma_module_list(PragmaCall& call);
Status pragma_nothing(PragmaCall& call);
Status pragma_optimize(PragmaCall& call);
Status pragma_page_count(PragmaCall& call);
Status pragma_page_size(PragmaCall& call);
Status pragma_pragma_list(PragmaCall& call);
Status pragma_query_only(PragmaCall& call);
Status pragma_quick_check(PragmaCall& call);
Status pragma_read_uncommitted(PragmaCall& call);
Status pragma_recursive_triggers(PragmaCall& call);
Status pragma_reverse_unordered_selects(PragmaCall& call);
Status pragma_schema_version(PragmaCall& call);
Status pragma_secure_delete(PragmaCall& call);
Status pragma_short_column_names(PragmaCall& call);
Status pragma_shrink_memory(PragmaCall& call);
Status pragma_soft_heap_limit(PragmaCall& call);
Status pragma_synchronous(PragmaCall& call);
Status pragma_table_info(PragmaCall& call);
Status pragma_table_list(PragmaCall& call);
Status pragma_table_xinfo(PragmaCall& call);
Status pragma_temp_store(PragmaCall& call);
Status pragma_temp_store_directory(PragmaCall& call);
Status pragma_threads(PragmaCall& call);
Status pragma_trusted_schema(PragmaCall& call);
Status pragma_user_version(PragmaCall& call);
Status pragma_wal_autocheckpoint(PragmaCall& call);
Status pragma_wal_checkpoint(PragmaCall& call);
Status pragma_writable_schema(PragmaCall& call);

}  // namespace perlite::engine
