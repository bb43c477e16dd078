// engine/connection.h: what a program opens.
//
// A Connection owns its databases, functions, collations, limits, hooks, the cache of programs and the transaction over
// all its files. It is the host of running programs (vm::Host) and the environment of the binder.
//
//   Lifetime   ends by close(); while statements, blobs or backups of it are open it lives on as a zombie (close_v2).
//   Threads    everything but interrupt() under lock(); what touches a database between enter() and leave(), which take
//              the mutexes of the caches it shares as well (shared_cache.h).
//   Errors     the last code, message and offset stay here for sqlite3_errmsg and friends (ErrorState).
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/budget.h"
#include "base/containers.h"
#include "base/mutex.h"
#include "base/process.h"
#include "base/status.h"
#include "bind/environment.h"
#include "engine/compile_options.h"
#include "engine/compiled.h"
#include "engine/database.h"
#include "engine/functions.h"
#include "engine/hooks.h"
#include "engine/super_journal.h"
#include "engine/unlock_notify.h"
#include "pager/busy.h"
#include "plan/switches.h"
#include "sql/parser.h"
#include "vm/host.h"

namespace perlite::engine {

class PragmaCall;
class Statement;
class SourceRegistry;

// What the last call left behind.
class ErrorState {
 public:
  void set(const Status& status) noexcept;
  void set_code(Code code) noexcept;  // with the default text
  void note_system_error(int number) noexcept { system_error_ = number; }
  int system_error() const noexcept { return system_error_; }  // stays until the next
  void clear() noexcept {
    code_ = Code::Ok;
    text_set_ = false;
    offset_ = -1;
  }
  Code code() const noexcept { return code_; }
  int offset() const noexcept { return offset_; }
  std::string_view message() const noexcept {
    return text_set_ ? std::string_view(text_) : std::string_view(code_text(static_cast<int>(code_)));
  }
  const char* message_text() const noexcept { return text_set_ ? text_.c_str() : code_text(static_cast<int>(code_)); }

 private:
  Code code_ = Code::Ok;
  int offset_ = -1;
  bool text_set_ = false;
  int system_error_ = 0;
  String text_;
};

// Ids of sqlite3_limit.
enum Limit : int {
  kLimitLength,
  kLimitSqlLength,
  kLimitColumn,
  kLimitExpressionDepth,
  kLimitCompoundSelect,
  kLimitProgramOps,
  kLimitFunctionArguments,
  kLimitAttached,
  kLimitLikePatternLength,
  kLimitVariableNumber,
  kLimitTriggerDepth,
  kLimitWorkerThreads,
  kLimitParserDepth,
  kLimitCount
};

struct OpenOptions {
  std::string_view filename;  // as given: path, URI, ":memory:", ""
  int flags = 0;              // SQLITE_OPEN_*
  const char* vfs = nullptr;
  bool uri_allowed = false;  // process-wide SQLITE_CONFIG_URI
};

class Connection final : public Allocated,
                         public vm::Host,
                         public vm::FunctionHost,
                         public bind::Environment,
                         public pager::BusyHandler {
 public:
  static constexpr std::uint32_t kAlive = 0x504c4954, kZombie = 0x504c5a4f, kDead = 0x504c4444;

  // A connection without a database; open() gives it one. `serialized` as in base::ConnectionLock.
  explicit Connection(bool serialized);
  ~Connection();
  Status open(const OpenOptions& options);

  static bool is_alive(const Connection* connection) noexcept {
    return connection != nullptr && connection->mark_ == kAlive;
  }
  void set_zombie() noexcept { mark_ = kZombie; }
  bool is_zombie() const noexcept { return mark_ == kZombie; }

  base::ConnectionLock& lock() noexcept { return lock_; }
  // The answer goes to leave(): the connection that was at work in this thread, where this one shares caches.
  Connection* enter() noexcept {
    lock_.enter();
    ++depth_;
    return shared_.empty() ? nullptr : enter_shared();
  }
  void leave(Connection* outer) noexcept {
    if (!shared_.empty() || outer != nullptr) leave_shared(outer);
    --depth_;
    lock_.leave();
  }
  ErrorState& error() noexcept { return error_; }
  // The status becomes the error of the connection; with an I/O error, or a file that does not open, goes the number
  // the operating system gave.
  void set_error(const Status& status) noexcept;
  int result_mask = 0xff;  // 0xffffffff with extended result codes

  // ---- databases ----
  std::span<UniquePtr<Database>> databases() noexcept { return databases_; }
  Database& database(int number) noexcept { return *databases_[static_cast<std::size_t>(number)]; }
  int find_database(std::string_view name) const noexcept;  // -1 when there is none; "main" is always 0
  Result<pager::Store*> store(int number);                  // opens the temp database where needed
  Status attach(std::string_view filename, std::string_view name);
  // A store beside the databases, which the caller owns: of a file to be written (VACUUM INTO), or a temporary one.
  // Errors: those of opening, "unable to open database: NAME".
  Result<UniquePtr<pager::Store>> open_store(std::string_view filename);
  Result<UniquePtr<pager::Store>> make_temporary_store();
  Status detach(std::string_view name);
  void close_databases() noexcept;
  // Databases whose cache others share (shared_cache.cc).
  bool shares(const SharedCache& cache) const noexcept;
  void add_member(SharedMember& member);
  void remove_member(SharedMember& member) noexcept;
  // Errors: LockedSharedCache "database schema is locked: main", while another connection changes that schema.
  Status refuse_locked_schemas();
  UnlockWait unlock_wait;  // unlock_notify.h
  void forget_schemas() noexcept;
  // Forgets schemas that another connection changed since they were read; true when there was one.
  Result<bool> forget_moved_schemas();
  Status load_schema(int number);  // reads sqlite_schema in a read transaction of its own if none is open

  // ---- transactions ----
  bool autocommit() const noexcept { return autocommit_; }
  // A statement tells when its program starts and ends; `failed` with the action that says what becomes of its changes.
  void statement_started(Statement& statement) noexcept;
  Status statement_finished(Statement& statement, Code result, catalog::ConflictAction action);
  Status commit();
  Status rollback_all(Code reason);
  // Takes one store back to a savepoint; cursors on it save their places first.
  Status roll_back_store(Database& database, int depth);
  bool has_active_statements() const noexcept { return active_statements_ > 0; }
  int active_statement_count() const noexcept { return active_statements_; }
  int transaction_state(int number) const noexcept;  // 0 none, 1 read, 2 write

  // ---- logs ----
  // The mode in effect afterwards. Errors: Error inside a transaction; Busy; those of a commit.
  Result<pager::JournalMode> change_journal_mode(int number, pager::JournalMode mode);
  // Of one database, of all when `number` is negative. Errors: those of pager::Store::checkpoint.
  Status checkpoint(int number, pager::CheckpointMode mode, pager::CheckpointCounts* counts);
  // A hook of its own kind: a checkpoint once the log has so many frames; 0 for never, or when there is another hook.
  void set_auto_checkpoint(int frames) noexcept;
  int auto_checkpoint() const noexcept;

  // ---- statements ----
  // False where open() failed: such a connection tells its error and closes, and does nothing else.
  bool is_open() const noexcept { return !databases_.empty() && databases_[0]->store != nullptr; }
  // Compiles the first statement of `text`; null when there is none. *tail: bytes consumed.
  Result<Statement*> prepare(std::string_view text, unsigned flags, std::size_t* tail);
  // The program of the first statement of `text`; null when there is none.
  Result<CompiledRef> compile(std::string_view text, unsigned flags, std::size_t* tail);
  Statement* first_statement() const noexcept { return first_statement_; }
  void link(Statement& statement) noexcept;
  void unlink(Statement& statement) noexcept;
  // Everything compiled so far is stale: a function, collation, module, limit or switch changed.
  void expire_programs() noexcept { ++generation_; }
  std::uint64_t generation() const noexcept { return generation_; }
  CompiledCache& compiled_cache() noexcept { return compiled_; }
  Statement* running() const noexcept { return running_; }
  void set_running(Statement* statement) noexcept { running_ = statement; }
  int open_children = 0;  // blobs, backups: keep the connection alive

  FunctionRegistry& function_registry() noexcept { return functions_; }
  CollationRegistry& collation_registry() noexcept { return collations_; }
  SourceRegistry& sources() noexcept { return *sources_; }
  Hooks hooks;
  Switches& mutable_switches() noexcept { return switches_; }
  bool query_only = false;
  bool full_fsync = false;
  bool checkpoint_full_fsync = false;
  bool cell_size_check = false;
  bool read_uncommitted = false;
  bool defer_foreign_keys = false;
  int temp_store = 0;
  int analysis_limit = 0;
  std::int64_t mmap_size = base::process_settings().mmap_size_default;  // of databases opened from now on
  int busy_timeout_ms = 0;
  int real_digits = 17;  // of a REAL as text: db_config FP_DIGITS
  plan::Switches plan_switches;
  bool deprecated_count_changes = false;
  bool deprecated_empty_result_callbacks = false;
  pager::LockingMode default_locking_mode = pager::LockingMode::Normal;  // of databases to be attached
  bool checkpoint_on_close = true;                                       // db_config NO_CKPT_ON_CLOSE turns it off
  bool reset_database = false;    // db_config RESET_DATABASE: the next VACUUM empties the file
  bool unused_switches[32] = {};  // db_config switches that are kept and have no effect here
  OwnedValue wide_message;        // what sqlite3_errmsg16 lent
  void* client_data(std::string_view name) const noexcept;
  void set_client_data(std::string_view name, void* data, void (*destroy)(void*));
  // A loaded extension, to be closed with the connection.
  void keep_library(sqlite3_vfs& vfs, void* library) { libraries_.push_back({&vfs, library}); }
  bool load_extension_allowed = false;      // the C function
  bool load_extension_sql_allowed = false;  // the SQL function
  Status set_case_sensitive_like(bool sensitive);
  std::size_t find_shape_entries(int number);
  Status check_foreign_key(int number, const catalog::Table& table, const catalog::ForeignKey& key, std::int64_t id,
                           PragmaCall& call);
  Status list_view_columns(int number, const catalog::Table& view, bool extended, PragmaCall& call);
  int set_limit(int id, int value) noexcept;

  std::int64_t last_rowid = 0;
  std::int64_t changes_last = 0;
  std::int64_t changes_total = 0;
  void interrupt() noexcept { budget_.interrupt(); }

  // ---- vm::Host ----
  Status begin(std::int32_t database, bool write, const catalog::Shape* shape, std::uint32_t schema_cookie) override;
  pager::View& view(std::int32_t database) override;
  Result<PageNo> root_of(std::int32_t database, catalog::EntryId entry) override;
  Status auto_commit(int operation) override;
  Status savepoint(int operation, std::string_view name) override;
  Result<std::uint32_t> read_header(std::int32_t database, std::uint32_t offset) override;
  Status write_header(std::int32_t database, std::uint32_t offset, std::uint32_t value) override;
  Status schema_changed(std::int32_t database, bool rows_added_only) override;
  Result<pager::View*> open_temporary() override;
  void release_temporary(pager::View* view) noexcept override;
  bool listening() const noexcept override { return hooks.update != nullptr; }
  Result<UniquePtr<vm::TempFile>> open_temporary_file() override;
  Status row_changing(const vm::RowChange&) override { return {}; }
  Status row_changed(const vm::RowChange& change) override;
  void set_last_insert_rowid(RowId rowid) noexcept override { last_rowid = rowid.value; }
  void set_changes(std::int64_t changes) noexcept override { changes_last = changes; }
  void add_total_changes(std::int64_t changes) noexcept override { changes_total += changes; }
  Status call(vm::HostFunction function, std::span<record::Value> arguments, const void* extra,
              record::Value& result) override;
  Budget& budget() noexcept override { return budget_; }
  vm::FunctionHost& functions() noexcept override { return *this; }
  int limit(int id) const noexcept override { return limits_[id]; }
  std::int64_t& foreign_key_counter() noexcept override { return deferred_violations_; }
  bool recursive_triggers() const noexcept override { return switches_.recursive_triggers; }

  // ---- vm::FunctionHost ----
  void* connection() noexcept override { return this; }
  Result<std::int64_t> current_time_ms() override;
  void random_bytes(void* bytes, std::size_t count) noexcept override;
  std::int64_t last_insert_rowid() noexcept override { return last_rowid; }
  std::int64_t changes() noexcept override { return changes_last; }
  std::int64_t total_changes() noexcept override { return changes_total; }
  std::int64_t length_limit() noexcept override { return limits_[kLimitLength]; }
  std::int64_t like_pattern_limit() noexcept override { return limits_[kLimitLikePatternLength]; }
  Status load_extension(std::string_view file, std::string_view entry) override;
  void log(int code, std::string_view message) noexcept override;
  std::string_view source_id() noexcept override { return engine::source_id(); }
  std::string_view compile_option(int index) noexcept override;

  // ---- bind::Environment ----
  int database_count() const noexcept override { return static_cast<int>(databases_.size()); }
  std::string_view database_name(int database) const noexcept override {
    return databases_[static_cast<std::size_t>(database)]->name;
  }
  Result<const catalog::Shape*> shape(int database) override;
  Result<const catalog::Placement*> placement(int database) override;
  TextEncoding encoding() const noexcept override { return encoding_; }
  const vm::FunctionDef* find_function(std::string_view name, int argument_count, bool* name_exists) override {
    return functions_.find(name, argument_count, encoding_, name_exists);
  }
  const record::Collation* find_collation(std::string_view name) override;
  Result<vm::Source*> find_source(int database, const catalog::Table& table) override;
  Result<vm::Source*> find_eponymous(std::string_view name) override;
  bool has_module(std::string_view name) const noexcept override;
  bool has_authorizer() const noexcept override { return hooks.authorizer != nullptr; }
  Result<bind::Authorization> authorize(int action, const char* third, const char* fourth, const char* database,
                                        const char* trigger) override;
  const Switches& switches() const noexcept override { return switches_; }

  // ---- pager::BusyHandler ----
  bool wait(int attempt) override;
  int timeout_ms() const noexcept override { return hooks.busy != nullptr ? 0 : busy_timeout_ms; }

  // Whether a rollback elsewhere ended the read transactions of statements that run; those then stop with its error.
  void look_for_losses() noexcept {
    if (!shared_.empty()) take_losses();
  }
  void set_encoding(TextEncoding encoding) noexcept { encoding_ = encoding; }
  void step_begins() noexcept {
    now_ms_ = 0;
    if (active_statements_ == 0) budget_.clear_interrupt();
  }

 private:
  struct ClientData {
    String name;
    void* data;
    void (*destroy)(void*);
  };
  struct Library {
    sqlite3_vfs* vfs;
    void* handle;
  };
  struct NamedSavepoint {
    String name;
    std::int64_t deferred_violations;
  };
  Connection* enter_shared() noexcept;
  void leave_shared(Connection* outer) noexcept;
  void activate_sessions() noexcept;
  void take_losses() noexcept;
  // Locks the tables of the running statement that lie in a database whose cache is shared.
  Status lock_tables(Database& database, int number);
  Status begin_on_all(bool exclusive);
  Status open_statement_savepoint(Statement& statement, Database& database);
  // Commits, rolls back or keeps what a writing statement did.
  Status settle_changes(Statement& statement, Code result, catalog::ConflictAction action);
  Status match_savepoints(Database& database);
  // `then`: whether the read transactions of the stores that wrote end as well.
  pager::AfterCommit reads_after_commit() const noexcept;
  Status commit_stores(pager::AfterCommit then);
  void end_reads() noexcept;
  Status call_log_hook();
  Status open_database(Database& database, std::string_view filename, int flags, const char* vfs, bool uri_allowed,
                       bool may_share = true);
  // `rows_added_only`: since the schema was read last; what is known of it is kept.
  Status read_schema(Database& database, int number, bool rows_added_only = false);
  Status read_statistics(Database& database);
  catalog::LoadOptions load_options(const Database& database, int number) const noexcept;

  std::uint32_t mark_ = kAlive;
  base::ConnectionLock lock_;
  int depth_ = 0;                 // of enter()
  Vector<SharedMember*> shared_;  // by cache id
  ErrorState error_;
  Vector<UniquePtr<Database>> databases_;
  TextEncoding encoding_ = TextEncoding::Utf8;
  int open_flags_ = 0;
  const char* vfs_name_ = nullptr;
  String vfs_name_copy_;
  FunctionRegistry functions_;
  CollationRegistry collations_;
  UniquePtr<SourceRegistry> sources_;
  Switches switches_;
  int limits_[kLimitCount];
  CompiledCache compiled_;
  std::uint64_t generation_ = 1;
  Statement* first_statement_ = nullptr;
  Statement* running_ = nullptr;
  Budget budget_;
  Vector<ClientData> client_data_;
  Vector<Library> libraries_;

  bool autocommit_ = true;
  bool savepoint_began_transaction_ = false;
  int active_statements_ = 0;
  int active_writers_ = 0;
  Vector<NamedSavepoint> savepoints_;
  std::int64_t deferred_violations_ = 0;
  std::int64_t now_ms_ = 0;
  Vector<UniquePtr<SuperJournal>> abandoned_super_journals_;  // of commits that failed half way
  Vector<UniquePtr<pager::Store>> temporary_stores_;
};

}  // namespace perlite::engine
