// api/handles.h: the handles of the C interface are the objects of the engine, and the way from one to the other.
//
//   sqlite3*          engine::Connection      sqlite3_value*     record::Value
//   sqlite3_stmt*     engine::Statement       sqlite3_context*   vm::FunctionContext
//
// guarded() is the shape of every entry point that works on a connection: it takes the connection's lock, runs the
// body, stores code and message for sqlite3_errmsg, and turns std::bad_alloc into SQLITE_NOMEM.
#pragma once

#include <new>
#include <utility>

#include "base/status.h"
#include "engine/connection.h"
#include "engine/statement.h"
#include "record/value.h"
#include "sqlite3.h"
#include "vm/function.h"

namespace perlite::api {

using engine::Connection;
using engine::Statement;

inline Connection* to_connection(sqlite3* db) noexcept { return reinterpret_cast<Connection*>(db); }
inline sqlite3* to_handle(Connection* connection) noexcept { return reinterpret_cast<sqlite3*>(connection); }
inline Statement* to_statement(sqlite3_stmt* statement) noexcept { return Statement::from(statement); }
inline sqlite3_stmt* to_handle(Statement* statement) noexcept { return reinterpret_cast<sqlite3_stmt*>(statement); }
inline Value* to_value(sqlite3_value* value) noexcept { return reinterpret_cast<Value*>(value); }
inline const Value* to_value(const sqlite3_value* value) noexcept { return reinterpret_cast<const Value*>(value); }
inline sqlite3_value* to_handle(Value* value) noexcept { return reinterpret_cast<sqlite3_value*>(value); }
inline vm::FunctionContext* to_context(sqlite3_context* context) noexcept {
  return reinterpret_cast<vm::FunctionContext*>(context);
}

// What touches a database, or may.
class LockGuard {
 public:
  explicit LockGuard(Connection& connection) noexcept : connection_(connection), outer_(connection.enter()) {}
  ~LockGuard() { connection_.leave(outer_); }
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;

 private:
  Connection& connection_;
  Connection* outer_;
};

// What touches the connection alone: it waits for nobody who shares a cache with it.
class StateGuard {
 public:
  explicit StateGuard(Connection& connection) noexcept : connection_(connection) { connection_.lock().enter(); }
  ~StateGuard() { connection_.lock().leave(); }
  StateGuard(const StateGuard&) = delete;
  StateGuard& operator=(const StateGuard&) = delete;

 private:
  Connection& connection_;
};

// Stores what the call came to; the code that goes to the caller.
inline int report(Connection& connection, const Status& status) noexcept {
  if (status.ok()) {
    connection.error().clear();
    return SQLITE_OK;
  }
  connection.set_error(status);
  return static_cast<int>(connection.error().code()) & connection.result_mask;
}

template <class Body>
int guarded(Connection& connection, Body&& body) noexcept {
  const LockGuard guard(connection);
  try {
    return report(connection, std::forward<Body>(body)());
  } catch (const std::bad_alloc&) {
    return report(connection, Status::no_memory());
  }
}

// True for a connection that may be used.
inline bool usable(sqlite3* db) noexcept { return Connection::is_alive(to_connection(db)); }

}  // namespace perlite::api
