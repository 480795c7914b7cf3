#!/bin/bash
# Run once by MySQL's image on an empty volume. The image itself made the user and its rights on `shop`.
set -eu
quoted=${CDC_PASSWORD//\\/\\\\}
quoted=${quoted//\'/\'\'}
MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql --user=root <<SQL
CREATE DATABASE IF NOT EXISTS tagging CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
GRANT ALL PRIVILEGES ON tagging.* TO '$MYSQL_USER'@'%';
CREATE USER IF NOT EXISTS 'cdc'@'%' IDENTIFIED BY '$quoted';
GRANT SELECT, RELOAD, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT, LOCK TABLES ON *.* TO 'cdc'@'%';
SQL
