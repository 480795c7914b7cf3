SETTINGS max_execution_time = 20
