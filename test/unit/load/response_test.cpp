#include "load/response.h"

#include <string>

#include <catch2/catch.hpp>

using steelyard::load::Response;
using State = Response::State;

namespace {

const std::string kPlain =
    "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 6\r\nConnection: close\r\n\r\nserver";
const std::string kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nserv\r\n2\r\ner\r\n0\r\n\r\n";

}  // namespace

TEST_CASE("A response is complete with its last byte, however it is cut", "[load]") {
  for (const std::string& text : {kPlain, kChunked}) {
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
      Response response;
      for (std::size_t at = 0; at < text.size(); at += piece) {
        CAPTURE(text, piece, at);
        CHECK(response.state() == State::partial);
        response.feed(text.substr(at, piece));
      }
      CHECK(response.state() == State::complete);
      CHECK(response.status() == 200);
      CHECK(response.body() == "server");
    }
  }
}

TEST_CASE("A response that ends early stays partial", "[load]") {
  for (const std::string& text : {kPlain, kChunked}) {
    for (std::size_t length = 0; length < text.size(); ++length) {
      Response response;
      response.feed(text.substr(0, length));
      CAPTURE(text, length);
      CHECK(response.close() == State::partial);
    }
  }
}

TEST_CASE("A response without a length is complete when the connection closes", "[load]") {
  Response response;
  CHECK(response.feed("HTTP/1.1 200 OK\r\n\r\nall of it") == State::partial);
  CHECK(response.close() == State::complete);
  CHECK(response.body() == "all of it");
}

TEST_CASE("A response without a body is complete with its header", "[load]") {
  Response response;
  CHECK(response.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == State::complete);
  CHECK(response.body().empty());
}

TEST_CASE("Bytes behind a response and bytes that are no response are malformed", "[load]") {
  CHECK(Response().feed(kPlain + "x") == State::malformed);
  CHECK(Response().feed("SSH-2.0-OpenSSH\r\n\r\n") == State::malformed);
  CHECK(Response().feed(std::string("\0\0\0\0\r\n\r\n", 8)) == State::malformed);
  Response late;
  CHECK(late.feed(kPlain) == State::complete);
  CHECK(late.feed("x") == State::malformed);
}

TEST_CASE("Another status than 200 is told", "[load]") {
  Response response;
  CHECK(response.feed("HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno") == State::complete);
  CHECK(response.status() == 503);
}
