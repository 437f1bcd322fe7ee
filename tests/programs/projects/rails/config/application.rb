require "action_controller/railtie"

class Web < Rails::Application
  config.eager_load = false
  config.hosts.clear
  config.secret_key_base = "test"
  config.logger = Logger.new($stdout)
end
