require "logger"
